// The classes that Python sees: Kernel, Variant, Function and Bound; Recording and its parts.
#include "objects.hpp"

#include <cstddef>

#include <structmember.h>

#include "bound.hpp"
#include "function.hpp"
#include "instance.hpp"
#include "kernel.hpp"
#include "recorder.hpp"
#include "variant.hpp"

namespace bibun {
namespace {

using KernelObject = Instance<Kernel>;
using VariantObject = Instance<Variant>;
using FunctionObject = Instance<Function>;
using BoundObject = Instance<Bound>;
using RecordingObject = Instance<Recording>;
using EntryObject = Instance<Entry>;
using RecorderObject = Instance<Recorder>;

PyTypeObject* kernel_class = nullptr;
PyTypeObject* variant_class = nullptr;
PyTypeObject* function_class = nullptr;
PyTypeObject* recording_class = nullptr;

// ---------------------------------------------------------------- Kernel

PyObject* call_kernel(PyObject* self, PyObject* const* args, std::size_t flags, PyObject* names) {
  return guarded([=]() -> PyObject* {
    Kernel& kernel = KernelObject::get(self);
    const auto count = static_cast<std::size_t>(PyVectorcall_NARGS(flags));
    if (names != nullptr || count != kernel.inputs.size()) {
      return PyErr_Format(PyExc_TypeError, "kernel: %zu arrays are needed", kernel.inputs.size());
    }
    Run run(kernel);
    for (std::size_t k = 0; k < count; ++k) {
      if (!run.take(k, args[k])) {
        return PyErr_Format(PyExc_TypeError, "kernel: argument %zu is of another type", k);
      }
    }
    if (!run()) Py_RETURN_NONE;
    Reference list = Reference::taken(PyList_New(static_cast<Py_ssize_t>(kernel.outputs.size())));
    for (std::size_t k = 0; k < kernel.outputs.size(); ++k) {
      PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k), run.result(k).release());
    }
    return list.release();
  });
}

PyObject* new_kernel(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([=]() -> PyObject* {
    unsigned long long address = 0;
    Py_ssize_t workspace = 0;
    int checked = 0;
    PyObject *inputs, *outputs, *constants, *keep;
    if (!PyArg_ParseTuple(args, "KOOOnOp", &address, &inputs, &outputs, &constants, &workspace,
                          &keep, &checked)) {
      return nullptr;
    }
    return KernelObject::create(type, call_kernel, static_cast<std::uintptr_t>(address), inputs,
                                outputs, constants, static_cast<std::size_t>(workspace), keep,
                                checked != 0);
  });
}

// ---------------------------------------------------------------- Variant

PyObject* new_variant(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([=]() -> PyObject* {
    const Reference none = Reference::taken(PyTuple_New(0));
    PyObject *kernel, *arguments, *named, *sources, *answers, *result;
    PyObject *replaced = none.get(), *overwrites = none.get();
    if (!PyArg_ParseTuple(args, "OOOOOO|OO", &kernel, &arguments, &named, &sources, &answers,
                          &result, &replaced, &overwrites)) {
      return nullptr;
    }
    return VariantObject::create(type, nullptr, kernel, arguments, named, sources, answers,
                                 result, replaced, overwrites);
  });
}

PyObject* let_pass(PyObject* self, PyObject* count) {
  const std::size_t passes = PyLong_AsSize_t(count);
  if (passes == static_cast<std::size_t>(-1) && PyErr_Occurred()) return nullptr;
  VariantObject::get(self).let_pass(passes);
  Py_RETURN_NONE;
}

PyObject* pass_one(PyObject* self, PyObject*) {
  return PyBool_FromLong(VariantObject::get(self).pass());
}

PyObject* look_after(PyObject* self, PyObject* count) {
  const std::size_t calls = PyLong_AsSize_t(count);
  if (calls == static_cast<std::size_t>(-1) && PyErr_Occurred()) return nullptr;
  VariantObject::get(self).look_after(calls);
  Py_RETURN_NONE;
}

PyObject* calls_to_look(PyObject* self, PyObject*) {
  return PyLong_FromSize_t(VariantObject::get(self).calls_to_look());
}

PyMethodDef variant_methods[] = {
    {"let_pass", let_pass, METH_O, "Give so many results though they are not finite."},
    {"pass_one", pass_one, METH_NOARGS, "Count one of them; False if there is none left."},
    {"look_after", look_after, METH_O, "Ask Python at the call that is so many away."},
    {"calls_to_look", calls_to_look, METH_NOARGS, "How many calls that is away; 0 if none is."},
    {nullptr, nullptr, 0, nullptr}};

// ---------------------------------------------------------------- Function

PyObject* call_function(PyObject* self, PyObject* const* args, std::size_t flags,
                        PyObject* names) {
  return guarded(
      [=] { return FunctionObject::get(self).call(args, flags, names).release(); });
}

PyObject* new_function(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([=]() -> PyObject* {
    PyObject *slow, *threads;
    if (!PyArg_ParseTuple(args, "OO", &slow, &threads)) return nullptr;
    return FunctionObject::create(type, call_function, slow, threads);
  });
}

// What it does not have itself, its slow version has.
PyObject* function_attribute(PyObject* self, PyObject* name) {
  PyObject* found = PyObject_GenericGetAttr(self, name);
  PyObject* slow = FunctionObject::get(self).slow();
  if (found != nullptr || !PyErr_ExceptionMatches(PyExc_AttributeError)) {
    return found;
  }
  PyErr_Clear();
  return PyObject_GetAttr(slow, name);
}

PyObject* function_text(PyObject* self) { return PyObject_Repr(FunctionObject::get(self).slow()); }

PyObject* function_of(PyObject* self, PyObject* object, PyObject*) {
  return object == nullptr || object == Py_None ? Py_NewRef(self) : PyMethod_New(self, object);
}

int clear_function(PyObject* self) {
  Py_CLEAR(FunctionObject::of(self)->dict);
  if (FunctionObject::of(self)->made) FunctionObject::get(self).clear();
  return 0;
}

PyObject* use_variants(PyObject* self, PyObject* variants) {
  return guarded([=]() -> PyObject* {
    Reference all = Reference::taken(PySequence_Tuple(variants));
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(all.get()); ++k) {
      variant_of(PyTuple_GET_ITEM(all.get(), k));
    }
    FunctionObject::get(self).use(all.get());
    Py_RETURN_NONE;
  });
}

PyObject* present_variants(PyObject* self, PyObject*) {
  return Py_NewRef(FunctionObject::get(self).variants());
}

// As functions are: by its name.
PyObject* reduce_function(PyObject* self, PyObject*) {
  return PyObject_GetAttrString(self, "__qualname__");
}

PyMethodDef function_methods[] = {
    {"use", use_variants, METH_O, "Try these Variants, in their order."},
    {"variants", present_variants, METH_NOARGS, "The Variants that are tried."},
    {"__reduce__", reduce_function, METH_NOARGS, "Its name: functions are pickled by name."},
    {nullptr, nullptr, 0, nullptr}};

// ---------------------------------------------------------------- Bound

PyObject* call_bound(PyObject* self, PyObject* const*, std::size_t flags, PyObject* names) {
  return guarded([=]() -> PyObject* {
    if (names != nullptr || PyVectorcall_NARGS(flags) != 0) {
      PyErr_SetString(PyExc_TypeError,
                      "bind: a bound call takes no arguments: write into the arrays that it has");
      return nullptr;
    }
    return BoundObject::get(self).call().release();
  });
}

PyObject* new_bound(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([=]() -> PyObject* {
    PyObject *variant, *arguments, *build, *again, *threads;
    if (!PyArg_ParseTuple(args, "OOOOO", &variant, &arguments, &build, &again, &threads)) {
      return nullptr;
    }
    return BoundObject::create(type, call_bound, variant, arguments, build, again, threads);
  });
}

int clear_bound(PyObject* self) {
  if (BoundObject::of(self)->made) BoundObject::get(self).clear();
  return 0;
}

// ---------------------------------------------------------------- Recording and its parts

PyObject* new_recording(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([=]() -> PyObject* {
    PyObject *trace, *guide, *array, *internal;
    if (!PyArg_ParseTuple(args, "OOOO", &trace, &guide, &array, &internal)) return nullptr;
    return RecordingObject::create(type, nullptr, trace, guide, array, internal);
  });
}

template <class T>
PyObject* call_recorder(PyObject* self, PyObject* const* args, std::size_t flags,
                        PyObject* names) {
  return guarded([=] { return Instance<T>::get(self).call(args, flags, names).release(); });
}

PyObject* new_entry(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([=]() -> PyObject* {
    PyObject *recording, *slow;
    if (!PyArg_ParseTuple(args, "OO", &recording, &slow)) return nullptr;
    return EntryObject::create(type, call_recorder<Entry>, recording, slow);
  });
}

PyObject* method_of(PyObject* self, PyObject* object, PyObject*) {
  return object == nullptr || object == Py_None ? Py_NewRef(self) : PyMethod_New(self, object);
}

PyObject* new_recorder(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([=]() -> PyObject* {
    PyObject *recording, *op, *f, *slow;
    Py_ssize_t arity = 0;
    const char* chars = nullptr;
    if (!PyArg_ParseTuple(args, "OOOnsO", &recording, &op, &f, &arity, &chars, &slow)) {
      return nullptr;
    }
    return RecorderObject::create(type, call_recorder<Recorder>, recording, op, f, arity, chars,
                                  slow);
  });
}

// ---------------------------------------------------------------- all of them

template <class T>
PyMemberDef* members() {
  static PyMemberDef found[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(Instance<T>, call), READONLY, nullptr},
      {"__dictoffset__", T_PYSSIZET, offsetof(Instance<T>, dict), READONLY, nullptr},
      {"__weaklistoffset__", T_PYSSIZET, offsetof(Instance<T>, weak), READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr}};
  return found;
}

template <class F>
void* slot(F* function) {
  return reinterpret_cast<void*>(function);
}

template <class T>
PyTypeObject* make_class(PyObject* module, const char* name, std::vector<PyType_Slot> slots,
                         unsigned flags) {
  slots.push_back({Py_tp_traverse, slot(Instance<T>::traverse)});
  slots.push_back({Py_tp_dealloc, slot(Instance<T>::destroy)});
  slots.push_back({Py_tp_members, members<T>()});
  slots.push_back({0, nullptr});
  PyType_Spec spec = {name, static_cast<int>(sizeof(Instance<T>)), 0,
                      static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC) | flags,
                      slots.data()};
  PyObject* made = PyType_FromSpec(&spec);
  if (made == nullptr) return nullptr;
  auto* type = reinterpret_cast<PyTypeObject*>(made);
  if (PyModule_AddType(module, type) < 0) return nullptr;
  return type;
}

}  // namespace

Kernel& kernel_of(PyObject* object) {
  if (Py_TYPE(object) != kernel_class) {
    PyErr_SetString(PyExc_TypeError, "a Kernel is needed");
    throw PythonError{};
  }
  return KernelObject::get(object);
}

Variant& variant_of(PyObject* object) {
  if (Py_TYPE(object) != variant_class) {
    PyErr_SetString(PyExc_TypeError, "a Variant is needed");
    throw PythonError{};
  }
  return VariantObject::get(object);
}

const Recording& recording_of(PyObject* object) {
  if (Py_TYPE(object) != recording_class) {
    PyErr_SetString(PyExc_TypeError, "a Recording is needed");
    throw PythonError{};
  }
  return RecordingObject::get(object);
}

bool add_classes(PyObject* module) {
  const PyType_Slot called{Py_tp_call, slot(PyVectorcall_Call)};
  constexpr unsigned kCalled = Py_TPFLAGS_HAVE_VECTORCALL;
  kernel_class = make_class<Kernel>(module, "bibun._runtime.Kernel",
                                    {{Py_tp_new, slot(new_kernel)}, called}, kCalled);
  variant_class =
      make_class<Variant>(module, "bibun._runtime.Variant",
                          {{Py_tp_new, slot(new_variant)}, {Py_tp_methods, variant_methods}},
                          0);
  function_class = make_class<Function>(module, "bibun._runtime.Function",
                                        {{Py_tp_new, slot(new_function)},
                                         {Py_tp_getattro, slot(function_attribute)},
                                         {Py_tp_repr, slot(function_text)},
                                         {Py_tp_descr_get, slot(function_of)},
                                         {Py_tp_clear, slot(clear_function)},
                                         {Py_tp_methods, function_methods},
                                         called},
                                        kCalled);
  PyTypeObject* const bound_class =
      make_class<Bound>(module, "bibun._runtime.Bound",
                        {{Py_tp_new, slot(new_bound)}, {Py_tp_clear, slot(clear_bound)}, called},
                        kCalled);
  recording_class = make_class<Recording>(module, "bibun._runtime.Recording",
                                          {{Py_tp_new, slot(new_recording)}}, 0);
  PyTypeObject* const entry_class = make_class<Entry>(
      module, "bibun._runtime.Entry",
      {{Py_tp_new, slot(new_entry)}, {Py_tp_descr_get, slot(method_of)}, called},
      kCalled | Py_TPFLAGS_METHOD_DESCRIPTOR);
  PyTypeObject* const recorder_class = make_class<Recorder>(
      module, "bibun._runtime.Recorder", {{Py_tp_new, slot(new_recorder)}, called}, kCalled);
  for (const PyTypeObject* made : {kernel_class, variant_class, function_class, bound_class,
                                   recording_class, entry_class, recorder_class}) {
    if (made == nullptr) return false;
  }
  return true;
}

}  // namespace bibun
