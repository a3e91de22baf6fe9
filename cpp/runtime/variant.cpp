// One compiled way through a function.
#include "variant.hpp"

#include <cstring>

#include "objects.hpp"

namespace bibun {
namespace {

Reference attribute_stored() {
  static PyObject* const name = PyUnicode_InternFromString("stored");
  return Reference::shared(name);
}

}  // namespace

Variant::Variant(PyObject* kernel, PyObject* arguments, PyObject* named, PyObject* sources,
                 PyObject* answers, PyObject* result)
    : owner_(Reference::shared(kernel)),
      kernel_(kernel_of(kernel)),
      arguments_(arguments),
      named_(named) {
  const Reference met = Reference::taken(PySequence_Tuple(sources));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(met.get()); ++k) {
    sources_.push_back(Reference::shared(PyTuple_GET_ITEM(met.get(), k)));
  }
  const Reference bytes = Reference::taken(PySequence_Tuple(answers));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(bytes.get()); ++k) {
    char* data = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(PyTuple_GET_ITEM(bytes.get(), k), &data, &size) < 0) {
      throw PythonError{};
    }
    answers_.emplace_back(data, static_cast<std::size_t>(size));
  }
  if (answers_.size() > kernel_.outputs.size() || sources_.size() > kernel_.inputs.size()) {
    PyErr_SetString(PyExc_ValueError, "variant: more answers or sources than the kernel has");
    throw PythonError{};
  }
  if (PyCallable_Check(result)) {
    make_result_ = Reference::shared(result);
  } else {
    result_.emplace(result);
  }
}

Reference Variant::run(PyObject* const* args, std::size_t count, PyObject* names) {
  Held inputs(kernel_.inputs.size());
  if (!arguments_.match_parts(args, count, kernel_.inputs, inputs) ||
      !named_.match_named(args + count, names, kernel_.inputs, inputs) || !fetch(inputs)) {
    return {};
  }
  if (looks()) return {};
  Run run(kernel_, inputs.data());
  if (!run() || !accepts(run.outputs())) return {};
  if (result_) return result_->build(run);
  const Reference list = Reference::taken(PyList_New(static_cast<Py_ssize_t>(results())));
  for (std::size_t k = 0; k < results(); ++k) {
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k), run.result(k).release());
  }
  return Reference::taken(PyObject_CallOneArg(make_result_.get(), list.get()));
}

bool Variant::fetch(Held& inputs) const {
  std::size_t k = kernel_.inputs.size() - sources_.size();
  for (const Reference& source : sources_) {
    Reference now = PyArray_Check(source.get())
                        ? Reference::shared(source.get())
                        : Reference::taken(PyObject_GetAttr(source.get(), attribute_stored().get()));
    if (!kernel_.inputs[k].fits(now.get())) return false;
    inputs.take(k++, std::move(now));
  }
  return true;
}

bool Variant::holds(void* const* outputs) const {
  std::size_t k = results();
  for (const std::string& answer : answers_) {
    if (std::memcmp(outputs[k++], answer.data(), answer.size()) != 0) return false;
  }
  return true;
}

// Whether all results are finite, or need not be.
bool Variant::sound(void* const* outputs) {
  for (std::size_t k = 0; k < results(); ++k) {
    if (!kernel_.outputs[k].finite(outputs[k])) return pass();
  }
  return true;
}

int Variant::visit(visitproc visit, void* arg) const {
  for (const Reference* one : {&owner_, &make_result_}) {
    if (const int stop = one->visit(visit, arg)) return stop;
  }
  for (const Reference& source : sources_) {
    if (const int stop = source.visit(visit, arg)) return stop;
  }
  if (const int stop = arguments_.visit(visit, arg)) return stop;
  if (const int stop = named_.visit(visit, arg)) return stop;
  return result_ ? result_->visit(visit, arg) : 0;
}

}  // namespace bibun
