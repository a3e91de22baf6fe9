// Arguments that results replace: new numbers come in the arrays that were given.
#ifndef BIBUN_RUNTIME_REPLACED_HPP
#define BIBUN_RUNTIME_REPLACED_HPP

#include <cstddef>
#include <vector>

#include "arrays.hpp"

namespace bibun {

struct Kernel;

class Replaced {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // From pairs (result, argument), and those results that the kernel may write where the argument
  // lies, while it reads it. The others are copied.
  Replaced(const Kernel& kernel, PyObject* pairs, PyObject* overwrites);

  bool any() const { return any_; }
  bool any_overwritten() const { return any_overwritten_; }

  // The argument that a result replaces, or kNone.
  std::size_t argument(std::size_t result) const { return arguments_[result]; }
  bool overwrites(std::size_t result) const { return overwrites_[result]; }

  // Whether the arguments that are replaced can be written to where they lie, and share no memory
  // with other inputs.
  bool possible(const Kernel& kernel, PyObject* const* inputs) const;

 private:
  std::vector<std::size_t> arguments_;  // of the results
  std::vector<bool> overwrites_;        // of the results
  std::vector<bool> written_;           // of the inputs
  bool any_ = false;
  bool any_overwritten_ = false;
};

}  // namespace bibun

#endif
