// A call on memory that was settled before.
#include "bound.hpp"

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
      again_(Reference::shared(again)),
      settled_(variant_.kernel()) {
  const Kernel& kernel = variant_.kernel();
  const Reference given = Reference::taken(PySequence_Tuple(arguments));
  const std::size_t results = variant_.results();
  const std::size_t taken = kernel.inputs.size() - variant_.sources();
  if (static_cast<std::size_t>(PyTuple_GET_SIZE(given.get())) != taken) {
    PyErr_Format(PyExc_TypeError, "bind: %zu arrays are needed", taken);
    throw PythonError{};
  }
  for (std::size_t k = 0; k < taken; ++k) {
    take(k, PyTuple_GET_ITEM(given.get(), static_cast<Py_ssize_t>(k)));
  }
  arrays_ = Reference::taken(PyList_New(0));
  for (std::size_t k = 0; k < kernel.outputs.size(); ++k) {
    const Type& type = kernel.outputs[k];
    if (k >= results) {
      settled_.own_output(k, type);
      continue;
    }
    void* data = block(type.bytes()).release();
    const Reference array = type.array(data);
    settled_.place_output(k, data);
    if (PyList_Append(arrays_.get(), array.get()) < 0) throw PythonError{};
  }
  result_ = Reference::taken(PyObject_CallOneArg(build, arrays_.get()));
}

void Bound::take(std::size_t k, PyObject* x) {
  const Type& type = variant_.kernel().inputs[k];
  if (!type.fits(x) || (PyArray_Check(x) && type.data(x) == nullptr)) {
    PyErr_SetString(PyExc_TypeError, "bind: an array is of another type, or lies in another order");
    throw PythonError{};
  }
  // A number of NumPy's never changes: it is kept as an array.
  Reference array = PyArray_Check(x) ? Reference::shared(x) : type.ordered(x);
  void* data = PyArray_DATA(reinterpret_cast<PyArrayObject*>(array.get()));
  settled_.place_input(k, data);
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
    void* data = types[k].data(source.get());
    held.take(std::move(source));
    if (data == nullptr) return false;
    settled_.place_input(k, data);
  }
  return run();
}

bool Bound::run() {
  Kernel& kernel = variant_.kernel();
  kernel.invoke(settled_.buffers());
  return !kernel.failed(settled_.buffers()) && variant_.accepts(settled_.outputs());
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
