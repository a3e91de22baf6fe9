// A C++ object inside of one of Python's: how it is collected, destroyed, and guarded.
#ifndef BIBUN_RUNTIME_INSTANCE_HPP
#define BIBUN_RUNTIME_INSTANCE_HPP

#include <exception>
#include <new>

#include "python.hpp"

namespace bibun {

template <class T>
struct Instance {
  PyObject_HEAD
  vectorcallfunc call;
  PyObject* dict;
  PyObject* weak;
  alignas(T) unsigned char body[sizeof(T)];
  bool made;  // whether there is a T in the body

  static Instance* of(PyObject* self) { return reinterpret_cast<Instance*>(self); }
  static T& get(PyObject* self) { return *std::launder(reinterpret_cast<T*>(of(self)->body)); }

  static int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(of(self)->dict);
    return of(self)->made ? get(self).visit(visit, arg) : 0;
  }

  static void destroy(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (of(self)->weak != nullptr) PyObject_ClearWeakRefs(self);
    Py_CLEAR(of(self)->dict);
    if (of(self)->made) get(self).~T();
    type->tp_free(self);
    Py_DECREF(type);
  }

  template <class... Args>
  static PyObject* create(PyTypeObject* type, vectorcallfunc call, Args... args) {
    Reference self = Reference::taken(type->tp_alloc(type, 0));
    of(self.get())->call = call;
    new (of(self.get())->body) T(args...);
    of(self.get())->made = true;
    return self.release();
  }
};

// The value of f(), or nullptr with Python's error set: no exception of C++ may leave.
template <class F>
PyObject* guarded(F f) noexcept {
  try {
    return f();
  } catch (const PythonError&) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "bibun: an error without a reason");
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

}  // namespace bibun

#endif
