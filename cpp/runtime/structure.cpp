// Containers: where arrays stand in the arguments and in the result of a compiled function.
#include "structure.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace bibun {
namespace {

// Whether a fixed argument is the one that was compiled in. What is neither the same object nor a
// plain number or string is left to the caller, who knows more kinds of equality.
bool same(PyObject* a, PyObject* b) {
  if (a == b) return true;
  if (Py_TYPE(a) != Py_TYPE(b)) return false;
  if (PyFloat_CheckExact(a)) {  // by bits: 0.0 and -0.0 differ, nan is nan
    const double x = PyFloat_AS_DOUBLE(a);
    const double y = PyFloat_AS_DOUBLE(b);
    return std::memcmp(&x, &y, sizeof x) == 0;
  }
  if (PyLong_CheckExact(a) || PyUnicode_CheckExact(a)) {
    return PyObject_RichCompareBool(a, b, Py_EQ) == 1;
  }
  return false;
}

}  // namespace

Structure::Structure(PyObject* description, bool changeable) : changeable_(changeable) {
  const char* name = nullptr;
  PyObject* first = nullptr;
  PyObject* second = nullptr;
  PyObject* third = nullptr;
  if (!PyArg_ParseTuple(description, "sO|OO", &name, &first, &second, &third)) {
    throw PythonError{};
  }
  const std::string kind = name;
  if (kind == "array") {
    kind_ = Kind::kArray;
    number_ = PyLong_AsSize_t(first);
    if (PyErr_Occurred()) throw PythonError{};
    return;
  }
  if (kind == "fixed") {
    kind_ = Kind::kFixed;
    value_ = Reference::shared(first);
    return;
  }
  kind_ = kind == "tuple"   ? Kind::kTuple
          : kind == "list"  ? Kind::kList
          : kind == "dict"  ? Kind::kDict
          : kind == "named" ? Kind::kNamed
                            : Kind::kObject;
  if (kind_ == Kind::kNamed || kind_ == Kind::kObject) take_class(first);
  if (kind_ == Kind::kDict || kind_ == Kind::kObject) take_keys(third ? second : first);
  const bool replaced = changeable || (kind_ != Kind::kTuple && kind_ != Kind::kNamed);
  const Reference trees = Reference::taken(PySequence_Tuple(third ? third : second ? second : first));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(trees.get()); ++k) {
    parts_.emplace_back(PyTuple_GET_ITEM(trees.get(), k), replaced);
  }
}

void Structure::take_keys(PyObject* names) {
  const Reference keys = Reference::taken(PySequence_Tuple(names));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(keys.get()); ++k) {
    keys_.push_back(Reference::shared(PyTuple_GET_ITEM(keys.get(), k)));
  }
}

// Python gives a class its version when something is looked up in it.
void Structure::take_class(PyObject* kind) {
  if (!PyType_Check(kind)) {
    PyErr_SetString(PyExc_TypeError, "structure: a class is needed");
    throw PythonError{};
  }
  value_ = Reference::shared(kind);
  Reference::taken(PyObject_GetAttrString(kind, "__doc__"));
  version_ = type()->tp_version_tag;
}

bool Structure::match_other(PyObject* x, Run& run) const {
  switch (kind_) {
    case Kind::kArray:
      return match(x, run);
    case Kind::kFixed:
      return same(x, value_.get());
    case Kind::kTuple:
      return PyTuple_CheckExact(x) &&
             match_parts(PySequence_Fast_ITEMS(x), static_cast<std::size_t>(PyTuple_GET_SIZE(x)),
                         run);
    case Kind::kList:
      return PyList_CheckExact(x) &&
             match_parts(PySequence_Fast_ITEMS(x), static_cast<std::size_t>(PyList_GET_SIZE(x)),
                         run);
    case Kind::kDict:
      return PyDict_CheckExact(x) && match_dict(x, run);
    case Kind::kNamed:
      return Py_TYPE(x) == type() &&
             match_parts(PySequence_Fast_ITEMS(x), static_cast<std::size_t>(PyTuple_GET_SIZE(x)),
                         run);
    case Kind::kObject:
      return Py_TYPE(x) == type() && match_object(x, run);
  }
  return false;
}

bool Structure::match_keys(PyObject* const* x, PyObject* names, Run& run) const {
  if (static_cast<std::size_t>(PyTuple_GET_SIZE(names)) != parts_.size()) return false;
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    PyObject* name = PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(k));
    if (!same(name, keys_[k].get()) || !parts_[k].match(x[k], run)) return false;
  }
  return true;
}

bool Structure::match_dict(PyObject* x, Run& run) const {
  if (static_cast<std::size_t>(PyDict_GET_SIZE(x)) != parts_.size()) return false;
  Py_ssize_t position = 0;
  PyObject* key = nullptr;
  PyObject* part = nullptr;
  for (std::size_t k = 0; k < parts_.size() && PyDict_Next(x, &position, &key, &part); ++k) {
    if (!same(key, keys_[k].get()) || !parts_[k].match(part, run)) return false;
  }
  return true;
}

// The order of attributes is no part of what was compiled: it is that of the fields. A class that
// has changed may read attributes in another way.
bool Structure::match_object(PyObject* x, Run& run) const {
  if (version_ == 0 || type()->tp_version_tag != version_) return false;
  const Reference attributes = Reference::taken(PyObject_GenericGetDict(x, nullptr));
  if (static_cast<std::size_t>(PyDict_GET_SIZE(attributes.get())) != parts_.size()) return false;
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    PyObject* part = PyDict_GetItemWithError(attributes.get(), keys_[k].get());
    if (part == nullptr && PyErr_Occurred()) throw PythonError{};
    if (part == nullptr || !parts_[k].match(part, run)) return false;
  }
  return true;
}

Reference Structure::build_other(Run& run) const {
  switch (kind_) {
    case Kind::kArray:
      return run.result(number_);
    case Kind::kFixed:
      return Reference::shared(value_.get());
    case Kind::kTuple:
      return build_tuple(run);
    case Kind::kList:
      return build_list(run);
    case Kind::kDict:
      return build_dict(run);
    case Kind::kNamed:
      return build_named(run);
    case Kind::kObject:
      return build_object(run);
  }
  return {};
}

Reference Structure::build_tuple(Run& run) const {
  Reference made = Reference::taken(PyTuple_New(static_cast<Py_ssize_t>(parts_.size())));
  Py_ssize_t k = 0;
  for (const Structure& part : parts_) PyTuple_SET_ITEM(made.get(), k++, part.build(run).release());
  return made;
}

Reference Structure::build_list(Run& run) const {
  Reference made = Reference::taken(PyList_New(static_cast<Py_ssize_t>(parts_.size())));
  Py_ssize_t k = 0;
  for (const Structure& part : parts_) PyList_SET_ITEM(made.get(), k++, part.build(run).release());
  return made;
}

Reference Structure::build_dict(Run& run) const {
  Reference made = Reference::taken(PyDict_New());
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    const Reference part = parts_[k].build(run);
    if (PyDict_SetItem(made.get(), keys_[k].get(), part.get()) < 0) throw PythonError{};
  }
  return made;
}

// As tuple.__new__(class, parts) makes it, which is all that the __new__ of named tuples does.
Reference Structure::build_named(Run& run) const {
  const Reference parts = build_tuple(run);
  const Reference args = Reference::taken(PyTuple_Pack(1, parts.get()));
  return Reference::taken(PyTuple_Type.tp_new(type(), args.get(), nullptr));
}

// As object.__new__ and object.__setattr__ make it: no code of the class runs.
Reference Structure::build_object(Run& run) const {
  static PyObject* const nothing = PyTuple_New(0);
  Reference made = Reference::taken(PyBaseObject_Type.tp_new(type(), nothing, nullptr));
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    const Reference part = parts_[k].build(run);
    if (PyObject_GenericSetAttr(made.get(), keys_[k].get(), part.get()) < 0) throw PythonError{};
  }
  return made;
}

bool Structure::in_tuples(std::vector<std::size_t>& numbers) const {
  if (kind_ == Kind::kArray) numbers.push_back(number_);
  return kind_ == Kind::kArray ||
         (kind_ == Kind::kTuple &&
          std::all_of(parts_.begin(), parts_.end(),
                      [&](const Structure& part) { return part.in_tuples(numbers); }));
}

void Structure::gather(PyObject* x, std::vector<PyObject*>& tuples,
                       std::vector<PyObject*>& leaves) const {
  if (kind_ == Kind::kArray) {
    leaves[number_] = x;
    return;
  }
  tuples.push_back(x);
  PyObject** part = PySequence_Fast_ITEMS(x);
  for (const Structure& one : parts_) one.gather(*part++, tuples, leaves);
}

int Structure::visit(visitproc visit, void* arg) const {
  if (const int stop = value_.visit(visit, arg)) return stop;
  for (const Reference& key : keys_) {
    if (const int stop = key.visit(visit, arg)) return stop;
  }
  for (const Structure& part : parts_) {
    if (const int stop = part.visit(visit, arg)) return stop;
  }
  return 0;
}

}  // namespace bibun
