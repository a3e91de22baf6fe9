// Python's and NumPy's C interfaces, and what keeps references and the global lock in order.
#ifndef BIBUN_RUNTIME_PYTHON_HPP
#define BIBUN_RUNTIME_PYTHON_HPP

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef Py_GIL_DISABLED
#error "This extension relies on Python's global lock; without it bibun calls through ctypes."
#endif

#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL bibun_numpy
#ifndef BIBUN_IMPORTS_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <utility>

namespace bibun {

// Thrown where Python's error is set already.
struct PythonError {};

// A reference that we own.
class Reference {
 public:
  Reference() = default;
  // Takes over a new reference; nullptr means that Python's error is set.
  static Reference taken(PyObject* object) {
    if (object == nullptr) throw PythonError{};
    Reference made;
    made.object_ = object;
    return made;
  }
  static Reference shared(PyObject* object) {
    Py_XINCREF(object);
    Reference made;
    made.object_ = object;
    return made;
  }
  Reference(Reference&& other) noexcept : object_(other.release()) {}
  Reference& operator=(Reference&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  ~Reference() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }
  int visit(visitproc visit, void* arg) const { return object_ ? visit(object_, arg) : 0; }

 private:
  PyObject* object_ = nullptr;
};

// Other threads of Python's run as long as this lives.
class Released {
 public:
  Released() : state_(PyEval_SaveThread()) {}
  ~Released() { PyEval_RestoreThread(state_); }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;

 private:
  PyThreadState* state_;
};

}  // namespace bibun

#endif
