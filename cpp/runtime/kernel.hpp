// A compiled function, and what it takes to call it once.
#ifndef BIBUN_RUNTIME_KERNEL_HPP
#define BIBUN_RUNTIME_KERNEL_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "held.hpp"
#include "replaced.hpp"

namespace bibun {

// void kernel(void** buffers), where the buffers are inputs, outputs, constants and a workspace.
struct Kernel {
  void (*function)(void** buffers) = nullptr;
  std::vector<Type> inputs;
  std::vector<Type> outputs;
  std::vector<void*> constants;
  std::size_t buffers = 0;  // all of them
  std::size_t workspace = 0;
  std::size_t arena = 0;    // the workspace, and behind it a place for each number that comes out
  Reference keep;           // what must live as long as this
  bool checked = false;     // whether a call may fail: then the workspace begins with a number, not 0
  bool lasting = false;     // whether other threads of Python's run meanwhile
  unsigned calls = 0;

  // From the address of the function, pairs (dtype, shape), arrays, and bytes.
  Kernel(std::uintptr_t address, PyObject* inputs, PyObject* outputs, PyObject* constants,
         std::size_t workspace, PyObject* keep, bool checked);

  // Call the function, without the global lock unless it takes no time.
  void invoke(void** buffers) {
    if (lasting || calls % kMeasured == 0) {
      invoke_measured(buffers);
    } else {
      function(buffers);
    }
    ++calls;
  }

  // Whether it had no answer for these inputs.
  bool failed(void* const* all) const {
    return checked && *static_cast<const std::int64_t*>(all[buffers - 1]) != 0;
  }

  int visit(visitproc visit, void* arg) const;

 private:
  static constexpr unsigned kMeasured = 64;  // of so many calls that take no time, one is measured

  void invoke_measured(void** buffers);
};

// One call: first all inputs are taken, then it runs, then results are asked for. Several threads
// may be at the same kernel.
class Run {
 public:
  explicit Run(Kernel& kernel) : kernel_(kernel), buffers_(few_) {
    if (kernel.buffers > std::size(few_)) take_many();
  }
  // Results replace arguments; or all but the inputs is settled, and results come where these
  // buffers have them, if there are any.
  Run(Kernel& kernel, const Replaced& replaced, void** settled) : kernel_(kernel) {
    settled_ = settled != nullptr;
    buffers_ = settled_ ? settled : few_;
    if (!settled_ && kernel.buffers > std::size(few_)) take_many();
    if (replaced.any()) replace(replaced);
  }
  ~Run() {
    if (left_ != 0 || block_ != nullptr) free();
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Whether x fits as the input k, which it is then. Somebody holds it until this is destroyed.
  bool take(std::size_t k, PyObject* x) {
    const Type& type = kernel_.inputs[k];
    if (!type.fits(x)) return false;
    if (replaced_ != nullptr) rare_->inputs[k] = x;
    buffers_[k] = type.data(x);
    if (buffers_[k] == nullptr) rare().apart.push_back({k, x});
    return true;
  }

  // The same of what nobody else need hold.
  bool take_over(std::size_t k, Reference x) {
    PyObject* object = x.get();
    held_.take(std::move(x));
    return take(k, object);
  }

  // Whether results can replace these inputs.
  bool can_replace() const { return replaced_->possible(kernel_, rare_->inputs.data()); }

  // Results are new after all.
  void unsettle() {
    if (settled_) take_own();
  }

  // False if the function has no answer for these inputs.
  bool operator()() {
    if (rare_) copy();
    if (!settled_) prepare();
    kernel_.invoke(buffers_);
    return !kernel_.failed(buffers_);
  }

  void** outputs() const { return buffers_ + kernel_.inputs.size(); }

  // Copies what replaces inputs to where they lie, unless it was written there.
  void replace();

  // The output as an array, or as a number if it has no axes; to be asked for once. What replaces
  // an array is that very array.
  Reference result(std::size_t k) {
    if (replaced_ != nullptr) {
      if (PyObject* array = target(k)) return Reference::shared(array);
    }
    const Type& type = kernel_.outputs[k];
    if (type.scalar()) return type.number(outputs()[k]);
    --left_;
    return type.array(std::exchange(outputs()[k], nullptr));
  }

 private:
  // An input that is not in C order.
  struct Apart {
    std::size_t k;
    PyObject* array;
  };

  void take_own();
  void take_many();
  void replace(const Replaced& replaced);
  void prepare();
  void* memory(std::size_t k);
  PyObject* target(std::size_t k) const;
  void copy();
  void free();

  // What few calls need.
  struct Rare {
    std::vector<Apart> apart;
    std::vector<PyObject*> inputs;    // if any of them is replaced
    std::unique_ptr<void*[]> buffers;  // if they are too many for `few_`
  };
  Rare& rare() {
    if (!rare_) rare_.reset(new Rare);
    return *rare_;
  }

  Kernel& kernel_;
  void** buffers_;
  bool settled_ = false;
  std::size_t made_ = 0;   // outputs that have memory
  std::size_t left_ = 0;   // arrays among them that are no results yet
  void* block_ = nullptr;  // the arena, if it is too large for `near_`
  const Replaced* replaced_ = nullptr;
  Held held_;
  std::unique_ptr<Rare> rare_;
  void* few_[40];
  alignas(64) char near_[1024];
};

}  // namespace bibun

#endif
