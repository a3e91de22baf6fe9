// What recording an operation takes each time it runs, where it repeats what ran last time.
//
// The global lock is held from the question whether the trace is as it was to the last of its lists
// that gets longer. Python's own version may be interrupted in between: it takes the lock of the
// trace, which is asked for here.
#include "recorder.hpp"

#include <structmember.h>

#include "objects.hpp"

namespace bibun {
namespace {

// Where a slot of a class with __slots__ lies in its instances.
Py_ssize_t offset(PyObject* type, const char* name) {
  const Reference found = Reference::taken(PyObject_GetAttrString(type, name));
  if (Py_TYPE(found.get()) != &PyMemberDescr_Type) {
    PyErr_Format(PyExc_TypeError, "recording: %R has no slot %s", type, name);
    throw PythonError{};
  }
  return reinterpret_cast<PyMemberDescrObject*>(found.get())->d_member->offset;
}

PyTypeObject* type(PyObject* object) {
  if (!PyType_Check(object)) {
    PyErr_Format(PyExc_TypeError, "recording: a class is needed, not %R", object);
    throw PythonError{};
  }
  return reinterpret_cast<PyTypeObject*>(object);
}

// The dtype of a plain array or a number of NumPy's, of float32 and float64 alone; else nullptr.
PyArray_Descr* floats(PyObject* x, bool single, bool wide) {
  static PyArray_Descr* const of_single = PyArray_DescrFromType(NPY_FLOAT);
  static PyArray_Descr* const of_wide = PyArray_DescrFromType(NPY_DOUBLE);
  if (PyArray_CheckExact(x)) {
    PyArray_Descr* const descr = PyArray_DESCR(reinterpret_cast<PyArrayObject*>(x));
    const bool taken = (single && descr == of_single) || (wide && descr == of_wide);
    return taken ? descr : nullptr;
  }
  if (wide && Py_TYPE(x) == &PyDoubleArrType_Type) return of_wide;
  if (single && Py_TYPE(x) == &PyFloatArrType_Type) return of_single;
  return nullptr;
}

bool same_shape(PyObject* x, PyObject* y) {
  const bool arrays = PyArray_CheckExact(x);
  if (!arrays || !PyArray_CheckExact(y)) return !arrays && !PyArray_CheckExact(y);
  auto* const a = reinterpret_cast<PyArrayObject*>(x);
  auto* const b = reinterpret_cast<PyArrayObject*>(y);
  return PyArray_SAMESHAPE(a, b);
}

Reference shape(PyObject* x) {
  if (!PyArray_CheckExact(x)) return Reference::taken(PyTuple_New(0));
  auto* const a = reinterpret_cast<PyArrayObject*>(x);
  return Reference::taken(PyArray_IntTupleFromIntp(PyArray_NDIM(a), PyArray_DIMS(a)));
}

// Whether two numbers of entries are equal.
bool same_number(PyObject* x, PyObject* y) {
  if (x == y) return true;
  if (!PyLong_CheckExact(x) || !PyLong_CheckExact(y)) return false;
  return PyLong_AsSsize_t(x) == PyLong_AsSsize_t(y);
}

// Whether two entries are equal, as far as that is seen without asking Python.
bool same_key(PyObject* x, PyObject* y) {
  if (!PyTuple_CheckExact(x) || !PyTuple_CheckExact(y)) return false;
  const Py_ssize_t size = PyTuple_GET_SIZE(x);
  if (size == 0 || PyTuple_GET_SIZE(y) != size) return false;
  if (PyTuple_GET_ITEM(x, 0) != PyTuple_GET_ITEM(y, 0)) return false;
  for (Py_ssize_t k = 1; k < size; ++k) {
    if (!same_number(PyTuple_GET_ITEM(x, k), PyTuple_GET_ITEM(y, k))) return false;
  }
  return true;
}

void append(PyObject* list, PyObject* x) {
  if (PyList_Append(list, x) < 0) throw PythonError{};
}

}  // namespace

// ---------------------------------------------------------------- Recording

Recording::Recording(PyObject* trace, PyObject* guide, PyObject* array, PyObject* internal)
    : trace_(type(trace)),
      guide_(type(guide)),
      array_(type(array)),
      classes_(Reference::taken(PyTuple_Pack(3, trace, guide, array))),
      internal_(Reference::shared(internal)),
      frame_(Reference::shared(PySys_GetObject("_getframe"))),
      is_locked_(Reference::taken(PyUnicode_InternFromString("locked"))),
      active_(offset(trace, "active")),
      entries_(offset(trace, "entries")),
      values_(offset(trace, "values")),
      positions_(offset(trace, "positions")),
      depths_(offset(trace, "depths")),
      of_guide_(offset(trace, "guide")),
      lock_(offset(trace, "lock")),
      scalars_(offset(trace, "scalars")),
      known_(offset(guide, "entries")),
      known_depths_(offset(guide, "depths")),
      scope_(offset(array, "scope")),
      index_(offset(array, "index")),
      raw_(offset(array, "raw")),
      form_(offset(array, "form")) {
  if (!frame_ || !PyDict_Check(internal)) {
    PyErr_SetString(PyExc_TypeError, "recording: frames and a dictionary of files are needed");
    throw PythonError{};
  }
}

PyObject* Recording::trace_of(PyObject* array) const {
  PyObject* const trace = field(array, scope_);
  const bool records = Py_TYPE(trace) == trace_ && field(trace, active_) == Py_True;
  return records ? trace : nullptr;
}

Recording::Next Recording::next(PyObject* trace) const {
  Next next;
  PyObject* const guide = field(trace, of_guide_);
  if (Py_TYPE(guide) != guide_) return next;
  next.entries = field(trace, entries_);
  next.guide = field(guide, known_);
  next.number = PyList_GET_SIZE(next.entries);
  if (next.number < PyTuple_GET_SIZE(next.guide)) {
    next.key = PyTuple_GET_ITEM(next.guide, next.number);
    next.away = PyTuple_GET_ITEM(field(guide, known_depths_), next.number);
  }
  return next;
}

bool Recording::locked(PyObject* trace) const {
  PyObject* const lock = field(trace, lock_);
  return Reference::taken(PyObject_CallMethodNoArgs(lock, is_locked_.get())).get() != Py_False;
}

// The code and the instruction where the user's code stands, empty if it is not where it was.
Reference Recording::place(PyObject* away, long nearer) const {
  const long depth = PyLong_AsLong(away) - nearer;
  if (depth < 1) return Reference();
  // Where the frame before is bibun's, no code of the user's is nearer.
  const Reference number = Reference::taken(PyLong_FromLong(depth - 1));
  PyObject* const args[] = {number.get()};
  PyObject* const inner = PyObject_Vectorcall(frame_.get(), args, 1, nullptr);
  if (inner == nullptr) {  // the guide ran on a deeper stack
    if (!PyErr_ExceptionMatches(PyExc_ValueError)) throw PythonError{};
    PyErr_Clear();
    return Reference();
  }
  const Reference kept = Reference::taken(inner);
  PyFrameObject* const frame = PyFrame_GetBack(reinterpret_cast<PyFrameObject*>(inner));
  if (frame == nullptr) return Reference();
  const Reference users = Reference::taken(reinterpret_cast<PyObject*>(frame));
  const Reference code = Reference::taken(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
  const Reference of_inner = Reference::taken(
      reinterpret_cast<PyObject*>(PyFrame_GetCode(reinterpret_cast<PyFrameObject*>(inner))));
  if (inside(of_inner.get()) != Py_True || inside(code.get()) != Py_False) return Reference();
  const Reference at = Reference::taken(PyLong_FromLong(PyFrame_GetLasti(frame)));
  return Reference::taken(PyTuple_Pack(2, code.get(), at.get()));
}

// Whether the file of this code belongs to bibun, True or False; nullptr if that is not known yet.
PyObject* Recording::inside(PyObject* code) const {
  PyObject* const file = reinterpret_cast<PyCodeObject*>(code)->co_filename;
  PyObject* const found = PyDict_GetItemWithError(internal_.get(), file);
  if (found == nullptr && PyErr_Occurred()) throw PythonError{};
  return found;
}

bool Recording::make(PyObject* trace, const Next& next, PyObject* value, long nearer) const {
  const Reference where = place(Reference::shared(next.away).get(), nearer);
  // From here on nobody else's code runs.
  const Next now = this->next(trace);
  const bool same = now.guide == next.guide && now.number == next.number;
  if (!where || !same || locked(trace)) return false;
  append(field(trace, positions_), where.get());
  append(field(trace, depths_), now.away);
  append(field(trace, values_), value);
  append(now.entries, now.key);
  return true;
}

Reference Recording::array(PyObject* trace, Py_ssize_t index, PyObject* value) const {
  Reference number = Reference::taken(PyLong_FromSsize_t(index));
  Reference made = Reference::taken(array_->tp_alloc(array_, 0));
  const auto set = [&](Py_ssize_t offset, PyObject* x) {
    *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(made.get()) + offset) = x;
  };
  set(scope_, Py_NewRef(trace));
  set(index_, number.release());
  set(raw_, Py_NewRef(value));
  set(form_, Py_NewRef(Py_None));
  return made;
}

int Recording::visit(visitproc visit, void* arg) const {
  for (const Reference* one : {&classes_, &internal_, &frame_}) {
    if (const int stop = one->visit(visit, arg)) return stop;
  }
  return 0;
}

// ---------------------------------------------------------------- Entry

Entry::Entry(PyObject* recording, PyObject* slow)
    : recording_(Reference::shared(recording)), slow_(Reference::shared(slow)) {
  recording_of(recording);  // an error if it is none
}

Reference Entry::call(PyObject* const* args, std::size_t flags, PyObject* names) {
  const Recording& of = recording_of(recording_.get());
  if (names == nullptr && PyVectorcall_NARGS(flags) == 4 && of.is_trace(args[0])) {
    const Recording::Next next = of.next(args[0]);
    // Python's version of this would be one more frame, and `make` another.
    if (next.key != nullptr && same_key(next.key, args[1]) &&
        of.make(args[0], next, args[2], 2)) {
      return Reference::taken(PyLong_FromSsize_t(next.number));
    }
  }
  return Reference::taken(PyObject_Vectorcall(slow_.get(), args, flags, names));
}

int Entry::visit(visitproc visit, void* arg) const {
  for (const Reference* one : {&recording_, &slow_}) {
    if (const int stop = one->visit(visit, arg)) return stop;
  }
  return 0;
}

// ---------------------------------------------------------------- Recorder

Recorder::Recorder(PyObject* recording, PyObject* op, PyObject* f, Py_ssize_t arity,
                   const char* chars, PyObject* slow)
    : recording_(Reference::shared(recording)),
      op_(Reference::shared(op)),
      f_(Reference::shared(f)),
      slow_(Reference::shared(slow)),
      arity_(arity) {
  recording_of(recording);  // an error if it is none
  if (arity != 1 && arity != 2) {
    PyErr_SetString(PyExc_ValueError, "recorder: an operation has one argument or two");
    throw PythonError{};
  }
  for (const char* c = chars; *c != '\0'; ++c) {
    single_ = single_ || *c == 'f';
    wide_ = wide_ || *c == 'd';
  }
}

Reference Recorder::call(PyObject* const* args, std::size_t flags, PyObject* names) {
  if (names == nullptr && PyVectorcall_NARGS(flags) == arity_) {
    Reference found = quick(args);
    if (found) return found;
  }
  return Reference::taken(PyObject_Vectorcall(slow_.get(), args, flags, names));
}

Reference Recorder::quick(PyObject* const* args) const {
  const Recording& of = recording_of(recording_.get());
  PyObject* values[2] = {nullptr, nullptr};
  PyObject* numbers[2] = {nullptr, nullptr};
  PyObject* trace = nullptr;
  PyArray_Descr* dtype = nullptr;
  for (Py_ssize_t k = 0; k < arity_; ++k) {
    PyObject* const x = args[k];
    if (!of.is_array(x)) {
      if (!PyFloat_CheckExact(x) && !PyLong_CheckExact(x)) return Reference();
      values[k] = x;
      continue;
    }
    PyObject* const scope = of.trace_of(x);
    values[k] = of.raw_of(x);
    numbers[k] = of.index_of(x);
    PyArray_Descr* const descr = floats(values[k], single_, wide_);
    if (scope == nullptr || descr == nullptr) return Reference();
    const bool second = trace != nullptr;
    if (second && (scope != trace || descr != dtype || !same_shape(values[0], values[1]))) {
      return Reference();
    }
    trace = scope;
    dtype = descr;
  }
  if (trace == nullptr) return Reference();
  const Recording::Next next = of.next(trace);
  if (next.key == nullptr || PyTuple_GET_SIZE(next.key) != 1 + arity_ ||
      PyTuple_GET_ITEM(next.key, 0) != op_.get()) {
    return Reference();
  }
  for (Py_ssize_t k = 0; k < arity_; ++k) {
    PyObject* number = numbers[k];
    if (number == nullptr) {  // a number of Python's, which has an entry of its own
      const int is_zero = PyObject_Not(values[k]);
      if (is_zero != 0) return Reference();
      const Reference like = shape(values[1 - k]);
      const Reference key =
          Reference::taken(PyTuple_Pack(3, values[k], reinterpret_cast<PyObject*>(dtype), like.get()));
      number = PyDict_GetItemWithError(of.scalars_of(trace), key.get());
      if (number == nullptr) {
        if (PyErr_Occurred()) throw PythonError{};
        return Reference();
      }
    }
    if (!same_number(PyTuple_GET_ITEM(next.key, k + 1), number)) return Reference();
  }
  // The computation may let other threads run.
  const Reference kept = Reference::shared(trace), guide = Reference::shared(next.guide);
  const Reference away = Reference::shared(next.away);
  const Reference x = Reference::shared(values[0]), y = Reference::shared(values[arity_ - 1]);
  const Reference value = Reference::taken(
      PyObject_Vectorcall(f_.get(), values, static_cast<std::size_t>(arity_), nullptr));
  // Python's version of this would be three frames nearer to the user's code.
  if (!of.make(trace, next, value.get(), 3)) return Reference();
  return of.array(trace, next.number, value.get());
}

int Recorder::visit(visitproc visit, void* arg) const {
  for (const Reference* one : {&recording_, &op_, &f_, &slow_}) {
    if (const int stop = one->visit(visit, arg)) return stop;
  }
  return 0;
}

}  // namespace bibun
