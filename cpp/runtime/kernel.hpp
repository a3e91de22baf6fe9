// A compiled function, and what it takes to call it once.
#ifndef BIBUN_RUNTIME_KERNEL_HPP
#define BIBUN_RUNTIME_KERNEL_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arrays.hpp"

namespace bibun {

// void kernel(void** buffers), where the buffers are inputs, outputs, constants and a workspace.
struct Kernel {
  void (*function)(void** buffers) = nullptr;
  std::vector<Type> inputs;
  std::vector<Type> outputs;
  std::vector<void*> constants;
  std::size_t workspace = 0;
  std::size_t arena = 0;  // the workspace, and behind it a place for each number in or out
  Reference keep;         // what must live as long as this
  bool checked = false;   // whether a call may fail: then the workspace begins with a number, not 0
  bool lasting = false;   // whether other threads of Python's run meanwhile
  unsigned calls = 0;

  // From the address of the function, pairs (dtype, shape), arrays, and bytes.
  Kernel(std::uintptr_t address, PyObject* inputs, PyObject* outputs, PyObject* constants,
         std::size_t workspace, PyObject* keep, bool checked);

  // Call the function, without the global lock unless it takes no time.
  void invoke(void** buffers);

  int visit(visitproc visit, void* arg) const;
};

// The buffers of one call. Several threads may be at the same kernel.
class Run {
 public:
  // Of what fits `kernel.inputs`, and is held until this is destroyed.
  Run(Kernel& kernel, PyObject* const* inputs);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // False if the function has no answer for these arguments.
  bool operator()() {
    kernel_.invoke(buffers_);
    return !kernel_.checked || *static_cast<const std::int64_t*>(workspace()) == 0;
  }

  void* const* outputs() const { return buffers_ + kernel_.inputs.size(); }

  // The output as an array, or as a number if it has no axes; to be asked for once.
  Reference result(std::size_t k);

 private:
  void memory();
  void*& workspace() {
    return buffers_[kernel_.inputs.size() + kernel_.outputs.size() + kernel_.constants.size()];
  }
  void free();
  void* input(const Type& type, PyObject* x);
  void* place();

  Kernel& kernel_;
  std::vector<Reference> copies_;  // of inputs that do not lie in order
  std::vector<void*> many_;        // the buffers, if they are too many for `few_`
  void* block_ = nullptr;          // the arena, if it is too large for `near_`
  char* next_;                     // the next place in the arena
  void** buffers_;
  void* few_[40];
  alignas(64) char near_[1024];
};

}  // namespace bibun

#endif
