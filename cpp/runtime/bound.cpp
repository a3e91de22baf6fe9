// A call on memory that was settled before.
#include "bound.hpp"

#include <cstdint>
#include <new>
#include <utility>

#include "objects.hpp"

namespace bibun {
namespace {

// Whoever calls while a call runs gets an error instead of a mixture of two results.
class Alone {
 public:
  explicit Alone(bool& busy) : busy_(busy) {
    if (busy) {
      PyErr_SetString(PyExc_RuntimeError,
                      "bind: this call is running already: each thread needs a bound call of its own");
      throw PythonError{};
    }
    busy_ = true;
  }
  ~Alone() { busy_ = false; }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  bool& busy_;
};

}  // namespace

Bound::Bound(PyObject* variant, PyObject* arguments, PyObject* build, PyObject* again,
             PyObject* threads)
    : owner_(Reference::shared(variant)),
      variant_(variant_of(variant)),
      threads_(Reference::shared(threads)),
      again_(Reference::shared(again)) {
  const Kernel& kernel = variant_.kernel();
  const Reference given = Reference::taken(PySequence_Tuple(arguments));
  const std::size_t results = variant_.results();
  const std::size_t taken = kernel.inputs.size() - variant_.sources();
  if (static_cast<std::size_t>(PyTuple_GET_SIZE(given.get())) != taken) {
    PyErr_Format(PyExc_TypeError, "bind: %zu arrays are needed", taken);
    throw PythonError{};
  }
  for (std::size_t k = 0; k < taken; ++k) {
    take(kernel.inputs[k], PyTuple_GET_ITEM(given.get(), static_cast<Py_ssize_t>(k)));
  }
  buffers_.resize(kernel.inputs.size(), nullptr);
  arrays_ = Reference::taken(PyList_New(0));
  for (std::size_t k = 0; k < kernel.outputs.size(); ++k) {
    Memory made = memory(kernel.outputs[k].bytes());
    buffers_.push_back(made.get());
    if (k < results) {
      const Reference array = kernel.outputs[k].array(made.release());
      if (PyList_Append(arrays_.get(), array.get()) < 0) throw PythonError{};
    } else {
      inside_.push_back(std::move(made));
    }
  }
  buffers_.insert(buffers_.end(), kernel.constants.begin(), kernel.constants.end());
  inside_.push_back(memory(kernel.workspace));
  buffers_.push_back(inside_.back().get());
  result_ = Reference::taken(PyObject_CallOneArg(build, arrays_.get()));
}

Bound::Memory Bound::memory(std::size_t bytes) {
  Memory found(blocks().take(bytes));
  if (!found) throw std::bad_alloc();
  return found;
}

void Bound::take(const Type& type, PyObject* x) {
  if (!type.fits(x) || (PyArray_Check(x) && type.data(x) == nullptr)) {
    PyErr_SetString(PyExc_TypeError, "bind: an array is of another type, or lies in another order");
    throw PythonError{};
  }
  // A number of NumPy's never changes: it is kept as an array.
  Reference array = PyArray_Check(x) ? Reference::shared(x) : type.ordered(x);
  void* data = PyArray_DATA(reinterpret_cast<PyArrayObject*>(array.get()));
  buffers_.push_back(data);
  given_.push_back({std::move(array), data});
}

Reference Bound::call() {
  const Alone alone(busy_);
  const bool done = !Function::recording(threads_.get()) && in_place() && !variant_.looks() &&
                    (variant_.sources() == 0 ? run() : run_on_sources());
  if (!done) Reference::taken(PyObject_CallOneArg(again_.get(), arrays_.get()));
  return Reference::shared(result_.get());
}

// Whether the arrays are as they were: their owner may have given them another shape, or memory.
bool Bound::in_place() const {
  const std::vector<Type>& types = variant_.kernel().inputs;
  for (std::size_t k = 0; k < given_.size(); ++k) {
    PyObject* array = given_[k].array.get();
    if (!types[k].fits(array) || types[k].data(array) != given_[k].data) return false;
  }
  return true;
}

// Variables may have got other arrays.
bool Bound::run_on_sources() {
  const std::vector<Type>& types = variant_.kernel().inputs;
  Held held;
  for (std::size_t k = given_.size(); k < types.size(); ++k) {
    Reference source = variant_.source(k - given_.size());
    if (!types[k].fits(source.get())) return false;
    buffers_[k] = types[k].data(source.get());
    held.take(std::move(source));
    if (buffers_[k] == nullptr) return false;
  }
  return run();
}

bool Bound::run() {
  Kernel& kernel = variant_.kernel();
  kernel.invoke(buffers_.data());
  const bool failed = kernel.checked && *static_cast<const std::int64_t*>(buffers_.back()) != 0;
  return !failed && variant_.accepts(buffers_.data() + kernel.inputs.size());
}

int Bound::visit(visitproc visit, void* arg) const {
  for (const Reference* one : {&owner_, &threads_, &again_, &arrays_, &result_}) {
    if (const int stop = one->visit(visit, arg)) return stop;
  }
  for (const Given& one : given_) {
    if (const int stop = one.array.visit(visit, arg)) return stop;
  }
  return 0;
}

}  // namespace bibun
