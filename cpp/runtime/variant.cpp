// One compiled way through a function.
#include "variant.hpp"

#include <cstring>

#include "objects.hpp"

namespace bibun {
Variant::Variant(PyObject* kernel, PyObject* arguments, PyObject* named, PyObject* sources,
                 PyObject* answers, PyObject* result, PyObject* replaced, PyObject* overwrites)
    : owner_(Reference::shared(kernel)),
      kernel_(kernel_of(kernel)),
      arguments_(arguments),
      named_(named),
      replaced_(kernel_, replaced, overwrites) {
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
  if (replaced_.any_overwritten() && (!answers_.empty() || kernel_.checked)) {
    PyErr_SetString(PyExc_ValueError, "variant: what may fail overwrites no arguments");
    throw PythonError{};
  }
  results_ = kernel_.outputs.size() - answers_.size();
  if (PyCallable_Check(result)) {
    make_result_ = Reference::shared(result);
  } else {
    result_.emplace(result);
    if (!replaced_.any() && Kept::possible(*result_, kernel_, results_)) {
      kept_.emplace(*result_, kernel_, results_);
    }
  }
}

Reference Variant::run(PyObject* const* args, std::size_t count, PyObject* names) {
  Kept::Turn turn(kept_);
  Run run(kernel_, replaced_, turn.buffers());
  if (!arguments_.match_parts(args, count, run) ||
      !named_.match_named(args + count, names, run) || !(sources_.empty() || fetch(run)) ||
      looks()) {
    return {};
  }
  const bool again = turn.unseen();
  if (!again) run.unsettle();
  if (!done(run)) return {};
  if (again) return turn.result();
  Reference made = build(run);
  turn.keep(made.get());
  return made;
}

Reference Variant::build(Run& run) const {
  if (result_) return result_->build(run);
  const Reference list = Reference::taken(PyList_New(static_cast<Py_ssize_t>(results_)));
  for (std::size_t k = 0; k < results_; ++k) {
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k), run.result(k).release());
  }
  return Reference::taken(PyObject_CallOneArg(make_result_.get(), list.get()));
}

// Runs the kernel; whether there are results now.
bool Variant::done(Run& run) {
  if (!replaced_.any()) return run() && accepts(run.outputs());
  if (!run.can_replace() || !run()) return false;
  if (!replaced_.any_overwritten() && !accepts(run.outputs())) return false;
  run.replace();
  return true;
}

Reference Variant::source(std::size_t k) const {
  static PyObject* const stored = PyUnicode_InternFromString("stored");
  PyObject* source = sources_[k].get();
  if (PyArray_Check(source)) return Reference::shared(source);
  return Reference::taken(PyObject_GetAttr(source, stored));
}

bool Variant::fetch(Run& run) const {
  const std::size_t first = kernel_.inputs.size() - sources_.size();
  for (std::size_t k = 0; k < sources_.size(); ++k) {
    if (!run.take_over(first + k, source(k))) return false;
  }
  return true;
}

bool Variant::holds(void* const* outputs) const {
  std::size_t k = results_;
  for (const std::string& answer : answers_) {
    if (std::memcmp(outputs[k++], answer.data(), answer.size()) != 0) return false;
  }
  return true;
}

// Whether all results are finite.
bool Variant::sound(void* const* outputs) const {
  const Type* type = kernel_.outputs.data();
  for (std::size_t k = 0; k < results_; ++k) {
    if (!type++->finite(outputs[k])) return false;
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
