// The classes that Python sees: Kernel, Variant, Function and Bound; Recording and its parts.
#ifndef BIBUN_RUNTIME_OBJECTS_HPP
#define BIBUN_RUNTIME_OBJECTS_HPP

#include "python.hpp"

namespace bibun {

struct Kernel;
class Variant;
class Recording;

// What is inside of Python's objects; PythonError (TypeError) for objects of other classes.
Kernel& kernel_of(PyObject* object);
Variant& variant_of(PyObject* object);
const Recording& recording_of(PyObject* object);

// Adds the classes to the module; false with Python's error set.
bool add_classes(PyObject* module);

}  // namespace bibun

#endif
