// A compiled function, and what it takes to call it once.
#include "kernel.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>

#include "blocks.hpp"

namespace bibun {
namespace {

constexpr std::size_t kPlace = 64;
constexpr std::chrono::microseconds kNoTime{10};

std::vector<Type> types(PyObject* pairs) {
  std::vector<Type> found;
  const Reference items = Reference::taken(PySequence_Fast(pairs, "pairs (dtype, shape) are needed"));
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(items.get()); ++k) {
    found.emplace_back(PySequence_Fast_GET_ITEM(items.get(), k));
  }
  return found;
}

std::size_t numbers(const std::vector<Type>& types) {
  return static_cast<std::size_t>(
      std::count_if(types.begin(), types.end(), [](const Type& t) { return t.scalar(); }));
}

}  // namespace

Kernel::Kernel(std::uintptr_t address, PyObject* inputs, PyObject* outputs, PyObject* constants,
               std::size_t workspace, PyObject* keep, bool checked)
    : function(reinterpret_cast<void (*)(void**)>(address)),
      inputs(types(inputs)),
      outputs(types(outputs)),
      workspace((workspace + kPlace - 1) / kPlace * kPlace),
      checked(checked) {
  arena = this->workspace + kPlace * numbers(this->outputs);
  const Reference arrays = Reference::taken(PySequence_Tuple(constants));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(arrays.get()); ++k) {
    PyObject* array = PyTuple_GET_ITEM(arrays.get(), k);
    if (!PyArray_Check(array) || !PyArray_IS_C_CONTIGUOUS(reinterpret_cast<PyArrayObject*>(array))) {
      PyErr_SetString(PyExc_TypeError, "kernel: a constant is an array in C order");
      throw PythonError{};
    }
    this->constants.push_back(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)));
  }
  buffers = this->inputs.size() + this->outputs.size() + this->constants.size() + 1;
  this->keep = Reference::taken(PyTuple_Pack(2, arrays.get(), keep));
}

void Kernel::invoke_measured(void** buffers) {
  const auto start = std::chrono::steady_clock::now();
  if (lasting || calls == 0) {
    const Released others_run;
    function(buffers);
  } else {
    function(buffers);
  }
  lasting = std::chrono::steady_clock::now() - start > kNoTime;
}

int Kernel::visit(visitproc visit, void* arg) const {
  for (const auto* types : {&inputs, &outputs}) {
    for (const Type& t : *types) {
      if (const int stop = t.visit(visit, arg)) return stop;
    }
  }
  return keep.visit(visit, arg);
}

void Run::take_many() {
  rare().buffers.reset(new void*[kernel_.buffers]);
  buffers_ = rare_->buffers.get();
}

void Run::take_own() {
  void** const settled = std::exchange(buffers_, few_);
  if (kernel_.buffers > std::size(few_)) take_many();
  std::copy_n(settled, kernel_.inputs.size(), buffers_);
  settled_ = false;
}

void Run::replace(const Replaced& replaced) {
  replaced_ = &replaced;
  rare().inputs.resize(kernel_.inputs.size());
}

void Run::prepare() {
  char* next = near_;
  if (kernel_.arena > sizeof near_) {
    block_ = blocks().take(kernel_.arena);
    if (block_ == nullptr) throw std::bad_alloc();
    next = static_cast<char*>(block_);
  }
  buffers_[kernel_.buffers - 1] = std::exchange(next, next + kernel_.workspace);
  void** buffer = outputs();
  for (const Type& t : kernel_.outputs) {
    *buffer = t.scalar() ? std::exchange(next, next + kPlace)
              : replaced_ == nullptr ? t.memory()
                                     : memory(made_);
    if (*buffer++ == nullptr) throw std::bad_alloc();
    left_ += !t.scalar();
    ++made_;
  }
  for (void* constant : kernel_.constants) *buffer++ = constant;
}

void* Run::memory(std::size_t k) {
  return replaced_->overwrites(k) ? buffers_[replaced_->argument(k)] : kernel_.outputs[k].memory();
}

// The array that an output replaces; nullptr for none, and for a number of NumPy's.
PyObject* Run::target(std::size_t k) const {
  const std::size_t argument = replaced_->argument(k);
  if (argument == Replaced::kNone || !PyArray_Check(rare_->inputs[argument])) return nullptr;
  return rare_->inputs[argument];
}

void Run::replace() {
  for (std::size_t k = 0; k < kernel_.outputs.size(); ++k) {
    PyObject* array = target(k);
    if (array == nullptr || replaced_->overwrites(k)) continue;
    std::memcpy(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)), outputs()[k],
                kernel_.outputs[k].bytes());
  }
}

void Run::copy() {
  for (const Apart& one : rare_->apart) {
    const Type& type = kernel_.inputs[one.k];
    Reference ordered = type.ordered(one.array);
    buffers_[one.k] = type.data(ordered.get());
    held_.take(std::move(ordered));
  }
}

void Run::free() {
  for (std::size_t k = 0; k < made_; ++k) {
    const bool theirs = replaced_ != nullptr && replaced_->overwrites(k);
    if (outputs()[k] == nullptr || kernel_.outputs[k].scalar() || theirs) continue;
    blocks().give(outputs()[k]);
  }
  if (block_ != nullptr) blocks().give(block_);
}

}  // namespace bibun
