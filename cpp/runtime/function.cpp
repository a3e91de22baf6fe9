// A function as the user calls it.
#include "function.hpp"

#include <array>
#include <cstdint>

#include "objects.hpp"
#include "variant.hpp"

namespace bibun {

Reference Function::call(PyObject* const* args, std::size_t flags, PyObject* names) {
  if (!recording(threads_.get())) {
    const auto count = static_cast<std::size_t>(PyVectorcall_NARGS(flags));
    // Another thread may replace them while a kernel runs.
    const Reference variants = Reference::shared(variants_.get());
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(variants.get()); ++k) {
      Reference found = variant_of(PyTuple_GET_ITEM(variants.get(), k)).run(args, count, names);
      if (found) {
        if ((k | last_) != 0 && variants_.get() == variants.get()) hit(k);
        return found;
      }
    }
  }
  return Reference::taken(PyObject_Vectorcall(slow_.get(), args, flags, names));
}

// A variant that fits twice in a row comes first from then on. Those that take turns stay.
void Function::hit(Py_ssize_t k) {
  if (std::exchange(last_, k) != k || k == 0) return;
  last_ = 0;
  const Reference all = Reference::taken(PySequence_List(variants_.get()));
  PyObject* found = PyList_GET_ITEM(all.get(), k);
  for (Py_ssize_t i = k; i > 0; --i) PyList_SET_ITEM(all.get(), i, PyList_GET_ITEM(all.get(), i - 1));
  PyList_SET_ITEM(all.get(), 0, found);
  variants_ = Reference::taken(PyList_AsTuple(all.get()));
}

namespace {

struct Known {
  std::uint64_t thread;
  PyObject* open;
};

PyObject* open(PyObject* threads) {
  const Reference found = Reference::taken(PyObject_GetAttrString(threads, "open"));
  if (!PyList_CheckExact(found.get())) {
    PyErr_SetString(PyExc_TypeError, "function: threads.open is a list");
    throw PythonError{};
  }
  return found.get();
}

}  // namespace

// `threads.open` is one and the same list as long as a thread lives, and looking it up costs more
// than the rest of a call. The numbers of Python's threads never come again, and the global lock
// keeps threads apart here.
bool Function::recording(PyObject* threads) {
  static std::array<Known, 16> recent{};
  const std::uint64_t thread = PyThreadState_GetID(PyThreadState_Get());
  Known& known = recent[thread % recent.size()];
  if (known.thread != thread) known = {thread, open(threads)};
  return PyList_GET_SIZE(known.open) != 0;
}

int Function::visit(visitproc visit, void* arg) const {
  for (const Reference* one : {&slow_, &threads_, &variants_}) {
    if (const int stop = one->visit(visit, arg)) return stop;
  }
  return 0;
}

void Function::clear() {
  slow_ = Reference::shared(Py_None);
  variants_ = Reference::taken(PyTuple_New(0));
}

}  // namespace bibun
