// The module bibun._runtime: calls of compiled functions, threads, and recycled memory.
#define BIBUN_IMPORTS_NUMPY
#include "python.hpp"

#include "arrays.hpp"
#include "blocks.hpp"
#include "cpus.hpp"
#include "instance.hpp"
#include "loader.hpp"
#include "objects.hpp"
#include "products.hpp"
#include "routines.hpp"
#include "workers.hpp"

namespace {

using bibun::guarded;
using bibun::Reference;

// Of what Python calls here, as src/bibun/extension.py has it: another number at each change.
constexpr long kInterface = 10;

void unload(PyObject* capsule) {
  delete static_cast<bibun::Loaded*>(PyCapsule_GetPointer(capsule, nullptr));
}

PyObject* threads(PyObject*, PyObject*) { return PyLong_FromLong(bibun::threads()); }

PyObject* set_threads(PyObject*, PyObject* number) {
  return guarded([=]() -> PyObject* {
    const long n = PyLong_AsLong(number);
    if (n == -1 && PyErr_Occurred()) return nullptr;
    const bibun::Released others_run;  // perhaps in a loop that has to end first
    bibun::set_threads(static_cast<int>(n));
    return Py_NewRef(Py_None);
  });
}

PyObject* memory(PyObject*, PyObject*) {
  return Py_BuildValue("nn", static_cast<Py_ssize_t>(bibun::blocks().kept()),
                       static_cast<Py_ssize_t>(bibun::blocks().limit()));
}

PyObject* reserve(PyObject*, PyObject* more) {
  const Py_ssize_t bytes = PyLong_AsSsize_t(more);
  if (bytes == -1 && PyErr_Occurred()) return nullptr;
  const auto limit = static_cast<Py_ssize_t>(bibun::blocks().limit());
  if (bytes < -limit) return PyErr_Format(PyExc_ValueError, "reserve: below zero");
  bibun::blocks().set_limit(static_cast<std::size_t>(limit + bytes));
  Py_RETURN_NONE;
}

PyObject* processor(PyObject*, PyObject*) {
  return guarded([] { return PyUnicode_FromString(bibun::processor().c_str()); });
}

// The code of an object file in memory, which is kept by a capsule, and where its functions are.
// None if it needs more than the loader does; `resolve` gives the address of a name, or 0.
PyObject* load(PyObject*, PyObject* args) {
  const char* file = nullptr;
  Py_ssize_t size = 0;
  PyObject *names, *resolve;
  if (!PyArg_ParseTuple(args, "y#O!O", &file, &size, &PyTuple_Type, &names, &resolve)) {
    return nullptr;
  }
  return guarded([=]() -> PyObject* {
    const auto found = [=](const char* name) -> std::uintptr_t {
      const Reference at = Reference::taken(PyObject_CallFunction(resolve, "s", name));
      const unsigned long long address = PyLong_AsUnsignedLongLong(at.get());
      if (PyErr_Occurred()) throw bibun::PythonError{};
      return static_cast<std::uintptr_t>(address);
    };
    auto loaded = bibun::Loaded::from(file, static_cast<std::size_t>(size), found);
    if (!loaded) Py_RETURN_NONE;
    Reference addresses = Reference::taken(PyTuple_New(PyTuple_GET_SIZE(names)));
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); ++k) {
      const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
      if (name == nullptr) return nullptr;
      const std::uintptr_t at = loaded->address(name);
      if (at == 0) return PyErr_Format(PyExc_LookupError, "load: there is no function %s", name);
      PyObject* number = Reference::taken(PyLong_FromUnsignedLongLong(at)).release();
      PyTuple_SET_ITEM(addresses.get(), k, number);
    }
    const Reference keep = Reference::taken(PyCapsule_New(loaded.get(), nullptr, unload));
    loaded.release();
    return PyTuple_Pack(2, keep.get(), addresses.get());
  });
}

PyMethodDef functions[] = {
    {"threads", threads, METH_NOARGS, "How many threads share a loop."},
    {"processor", processor, METH_NOARGS, "What the processor can do, for comparison."},
    {"load", load, METH_VARARGS, "Put an object file into memory, with these functions of it."},
    {"set_threads", set_threads, METH_O, "Another number of threads."},
    {"memory", memory, METH_NOARGS, "Bytes that are kept for the next call, and the most of them."},
    {"reserve", reserve, METH_O, "Keep so many bytes more at most, or less if it is negative."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "bibun._runtime",
                          "Calls of compiled functions, threads, and recycled memory.",
                          -1,
                          functions,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

// The functions that compiled code calls by name, with their addresses.
PyObject* symbols() {
  using bibun::address_of;
  const std::vector<bibun::Symbol> own = {{"bibun_parallel", address_of(&bibun_parallel)},
                                          {"bibun_product_f32", address_of(&bibun_product_f32)},
                                          {"bibun_product_f64", address_of(&bibun_product_f64)}};
  Reference table = Reference::taken(PyDict_New());
  for (const auto& found :
       {own, bibun::routines(), bibun::special_routines(), bibun::sorting_routines(),
        bibun::lapack_routines(), bibun::schur_routines(), bibun::integer_routines()}) {
    for (const bibun::Symbol& symbol : found) {
      const Reference at = Reference::taken(PyLong_FromUnsignedLongLong(symbol.address));
      if (PyDict_SetItemString(table.get(), symbol.name, at.get()) < 0) throw bibun::PythonError{};
    }
  }
  return table.release();
}

}  // namespace

PyMODINIT_FUNC PyInit__runtime() {
  import_array();
  return guarded([]() -> PyObject* {
    bibun::prepare_sorting();
    Reference module = Reference::taken(PyModule_Create(&definition));
    const Reference table = Reference::taken(symbols());
    if (PyModule_AddObjectRef(module.get(), "symbols", table.get()) < 0 ||
        PyModule_AddIntConstant(module.get(), "interface", kInterface) < 0 ||
        !bibun::prepare_arrays() || !bibun::add_classes(module.get())) {
      return nullptr;
    }
    return module.release();
  });
}
