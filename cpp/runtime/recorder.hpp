// What recording an operation takes each time it runs, where it repeats what ran last time.
#ifndef BIBUN_RUNTIME_RECORDER_HPP
#define BIBUN_RUNTIME_RECORDER_HPP

#include "python.hpp"

namespace bibun {

// Where the fields of Python's classes lie (Trace, Guide and Array have slots), and what else of
// bibun's is asked here.
class Recording {
 public:
  // The classes, and the dictionary that tells of a file whether it belongs to bibun.
  Recording(PyObject* trace, PyObject* guide, PyObject* array, PyObject* internal);

  // The next entry of a trace as its guide foretells it.
  struct Next {
    PyObject* entries = nullptr;  // borrowed, as all of these
    PyObject* guide = nullptr;  // the entries of the guide
    PyObject* key = nullptr;    // nullptr: nothing is foretold
    PyObject* away = nullptr;   // how far the user's code was, in frames
    Py_ssize_t number = 0;
  };

  // Whether x is an Array of a trace that records, of the very class; then its fields.
  bool is_trace(PyObject* x) const { return Py_TYPE(x) == trace_; }
  bool is_array(PyObject* x) const { return Py_TYPE(x) == array_; }
  PyObject* trace_of(PyObject* array) const;  // nullptr if it does not record
  PyObject* raw_of(PyObject* array) const { return field(array, raw_); }
  PyObject* index_of(PyObject* array) const { return field(array, index_); }
  PyObject* scalars_of(PyObject* trace) const { return field(trace, scalars_); }

  Next next(PyObject* trace) const;

  // Make the foretold entry, with this value. False if something else has happened meanwhile, or
  // the user's code is not where it was: then Python's own version has to do it. `nearer` are the
  // frames of Python's that it takes, and this does not.
  bool make(PyObject* trace, const Next& next, PyObject* value, long nearer) const;

  // A new Array.
  Reference array(PyObject* trace, Py_ssize_t index, PyObject* value) const;

  int visit(visitproc visit, void* arg) const;

 private:
  static PyObject* field(PyObject* object, Py_ssize_t offset) {
    return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
  }
  bool locked(PyObject* trace) const;
  Reference place(PyObject* away, long nearer) const;
  PyObject* inside(PyObject* code) const;

  PyTypeObject* trace_;
  PyTypeObject* guide_;
  PyTypeObject* array_;
  Reference classes_, internal_, frame_, is_locked_;
  // Of a trace, a guide, an array.
  Py_ssize_t active_, entries_, values_, positions_, depths_, of_guide_, lock_, scalars_;
  Py_ssize_t known_, known_depths_;
  Py_ssize_t scope_, index_, raw_, form_;
};

// Trace.new: the number of an entry, which is made if there is none.
class Entry {
 public:
  Entry(PyObject* recording, PyObject* slow);

  // Of a trace: its key, its value, and how far away the user's code is at least.
  Reference call(PyObject* const* args, std::size_t flags, PyObject* names);

  int visit(visitproc visit, void* arg) const;

 private:
  Reference recording_, slow_;
};

// A ufunc of one or two arguments on traced arrays: the most common cases; `slow` has all.
class Recorder {
 public:
  // `op` is the operation, `f` computes it; of float32 and float64, as `chars` says.
  Recorder(PyObject* recording, PyObject* op, PyObject* f, Py_ssize_t arity, const char* chars,
           PyObject* slow);

  Reference call(PyObject* const* args, std::size_t flags, PyObject* names);

  int visit(visitproc visit, void* arg) const;

 private:
  Reference quick(PyObject* const* args) const;  // empty if this is no common case

  Reference recording_, op_, f_, slow_;
  Py_ssize_t arity_;
  bool single_ = false, wide_ = false;
};

}  // namespace bibun

#endif
