// A compiled function, and what it takes to call it once.
#include "kernel.hpp"

#include <algorithm>
#include <chrono>
#include <new>

#include "blocks.hpp"

namespace bibun {
namespace {

constexpr std::size_t kPlace = 64;
constexpr std::chrono::microseconds kNoTime{10};
constexpr unsigned kMeasured = 64;  // of so many calls that take no time, one is measured

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
  arena = this->workspace + kPlace * (numbers(this->inputs) + numbers(this->outputs));
  const Reference arrays = Reference::taken(PySequence_Tuple(constants));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(arrays.get()); ++k) {
    PyObject* array = PyTuple_GET_ITEM(arrays.get(), k);
    if (!PyArray_Check(array) || !PyArray_IS_C_CONTIGUOUS(reinterpret_cast<PyArrayObject*>(array))) {
      PyErr_SetString(PyExc_TypeError, "kernel: a constant is an array in C order");
      throw PythonError{};
    }
    this->constants.push_back(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)));
  }
  this->keep = Reference::taken(PyTuple_Pack(2, arrays.get(), keep));
}

void Kernel::invoke(void** buffers) {
  if (!lasting && ++calls % kMeasured != 1) {
    function(buffers);
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  {
    const Released others_run;
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

Run::Run(Kernel& kernel, PyObject* const* inputs) : kernel_(kernel), next_(near_), buffers_(few_) {
  const std::size_t arguments = kernel.inputs.size() + kernel.outputs.size();
  const std::size_t count = arguments + kernel.constants.size() + 1;
  if (count > std::size(few_)) {
    many_.resize(count);
    buffers_ = many_.data();
  }
  std::fill_n(buffers_, arguments, nullptr);
  try {
    memory();
    void** buffer = buffers_;
    for (const Type& t : kernel.inputs) *buffer++ = input(t, *inputs++);
    for (const Type& t : kernel.outputs) {
      *buffer = t.scalar() ? place() : blocks().take(t.bytes());
      if (*buffer++ == nullptr) throw std::bad_alloc();
    }
    std::copy(kernel.constants.begin(), kernel.constants.end(), buffer);
  } catch (...) {
    free();
    throw;
  }
}

Run::~Run() { free(); }

// The workspace, which is the last buffer, and the places behind it.
void Run::memory() {
  if (kernel_.arena > sizeof near_) {
    block_ = blocks().take(kernel_.arena);
    if (block_ == nullptr) throw std::bad_alloc();
    next_ = static_cast<char*>(block_);
  }
  workspace() = next_;
  next_ += kernel_.workspace;
}

void Run::free() {
  for (std::size_t k = 0; k < kernel_.outputs.size(); ++k) {
    void* data = buffers_[kernel_.inputs.size() + k];
    if (data != nullptr && !kernel_.outputs[k].scalar()) blocks().give(data);
  }
  if (block_ != nullptr) blocks().give(block_);
}

void* Run::place() {
  void* found = next_;
  next_ += kPlace;
  return found;
}

void* Run::input(const Type& type, PyObject* x) {
  if (type.lies_in_order(x)) return PyArray_DATA(reinterpret_cast<PyArrayObject*>(x));
  if (!PyArray_Check(x)) {
    void* copy = place();
    PyArray_ScalarAsCtype(x, copy);
    return copy;
  }
  copies_.push_back(type.ordered(x));
  return PyArray_DATA(reinterpret_cast<PyArrayObject*>(copies_.back().get()));
}

Reference Run::result(std::size_t k) {
  const Type& type = kernel_.outputs[k];
  void*& data = buffers_[kernel_.inputs.size() + k];
  return type.scalar() ? type.number(data) : type.array(std::exchange(data, nullptr));
}

}  // namespace bibun
