// The module bibun._runtime: calls of compiled functions, threads, and recycled memory.
#define BIBUN_IMPORTS_NUMPY
#include "python.hpp"

#include "arrays.hpp"
#include "blocks.hpp"
#include "instance.hpp"
#include "objects.hpp"
#include "products.hpp"
#include "workers.hpp"

namespace {

using bibun::guarded;
using bibun::Reference;

// Of what native/runtime.py and native/compiled.py call here: another number at each change.
constexpr long kInterface = 6;

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

PyMethodDef functions[] = {
    {"threads", threads, METH_NOARGS, "How many threads share a loop."},
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
template <class F>
unsigned long long address(F* function) {
  return reinterpret_cast<std::uintptr_t>(function);
}

PyObject* symbols() {
  return Py_BuildValue("{s:K,s:K,s:K}", "bibun_parallel", address(&bibun_parallel),
                       "bibun_product_f32", address(&bibun_product_f32), "bibun_product_f64",
                       address(&bibun_product_f64));
}

}  // namespace

PyMODINIT_FUNC PyInit__runtime() {
  import_array();
  return guarded([]() -> PyObject* {
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
