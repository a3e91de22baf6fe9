// The buffers of a kernel, in memory that stays from call to call.
#ifndef BIBUN_RUNTIME_SETTLED_HPP
#define BIBUN_RUNTIME_SETTLED_HPP

#include <vector>

#include "blocks.hpp"
#include "kernel.hpp"

namespace bibun {

class Settled {
 public:
  // With the constants and a workspace; inputs and outputs have still to be placed.
  explicit Settled(const Kernel& kernel);

  void place_input(std::size_t k, void* data) { buffers_[k] = data; }
  void place_output(std::size_t k, void* data) { buffers_[inputs_ + k] = data; }

  // Places an output in memory that is kept here.
  void own_output(std::size_t k, const Type& type);

  void** buffers() { return buffers_.data(); }
  void* const* outputs() const { return buffers_.data() + inputs_; }

 private:
  std::size_t inputs_;
  std::vector<void*> buffers_;  // as the kernel takes them
  std::vector<Block> own_;
};

}  // namespace bibun

#endif
