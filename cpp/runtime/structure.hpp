// Containers: where arrays stand in the arguments and in the result of a compiled function.
#ifndef BIBUN_RUNTIME_STRUCTURE_HPP
#define BIBUN_RUNTIME_STRUCTURE_HPP

#include <vector>

#include "kernel.hpp"

namespace bibun {

// A tree of containers, whose leaves are numbered arrays and fixed values.
//
// It is made from Python's ("array", number), ("fixed", value), ("tuple", [trees]),
// ("list", [trees]), ("dict", [keys], [trees]), ("named", class, [trees]) for named tuples, and
// ("object", class, [names], [trees]) for what has all its attributes in its __dict__.
class Structure {
 public:
  explicit Structure(PyObject* description, bool changeable = false);

  // Whether x is built like this, with the same fixed values and leaves that fit the inputs of
  // their numbers, which they are then. Whoever calls holds x.
  bool match(PyObject* x, Run& run) const {
    if (kind_ != Kind::kArray) return match_other(x, run);
    return changeable_ ? run.take_over(number_, Reference::shared(x)) : run.take(number_, x);
  }

  // Whether these are the parts of the tuple or list that this is.
  bool match_parts(PyObject* const* x, std::size_t count, Run& run) const {
    if (count != parts_.size()) return false;
    for (const Structure& part : parts_) {
      if (!part.match(*x++, run)) return false;
    }
    return true;
  }

  // Whether these are the values of the dict that this is, in the order of its keys, which a
  // function can tell; `names` is a tuple, or nullptr for none.
  bool match_named(PyObject* const* x, PyObject* names, Run& run) const {
    return names == nullptr ? parts_.empty() : match_keys(x, names, run);
  }

  // The tree with the results of a run in the places of the leaves.
  Reference build(Run& run) const {
    return kind_ == Kind::kArray ? run.result(number_) : build_other(run);
  }

  // Whether these are only leaves in tuples, whose numbers come along.
  bool in_tuples(std::vector<std::size_t>& numbers) const;

  // The tuples of x, which was built like this, and its leaves by their numbers, for
  // which there is room.
  void gather(PyObject* x, std::vector<PyObject*>& tuples, std::vector<PyObject*>& leaves) const;

  int visit(visitproc visit, void* arg) const;

 private:
  enum class Kind { kArray, kFixed, kTuple, kList, kDict, kNamed, kObject };

  void take_keys(PyObject* names);
  void take_class(PyObject* kind);
  bool match_keys(PyObject* const* x, PyObject* names, Run& run) const;
  bool match_other(PyObject* x, Run& run) const;
  bool match_dict(PyObject* x, Run& run) const;
  bool match_object(PyObject* x, Run& run) const;
  Reference build_other(Run& run) const;
  Reference build_tuple(Run& run) const;
  Reference build_list(Run& run) const;
  Reference build_dict(Run& run) const;
  Reference build_named(Run& run) const;
  Reference build_object(Run& run) const;
  PyTypeObject* type() const { return reinterpret_cast<PyTypeObject*>(value_.get()); }

  Kind kind_;
  bool changeable_;         // whether it stands where it may be replaced: in a list, for example
  std::size_t number_ = 0;  // of an array
  Reference value_;         // what is fixed, or a class
  unsigned version_ = 0;    // of the class: another one after each change of it, and never 0
  std::vector<Reference> keys_;
  std::vector<Structure> parts_;
};

}  // namespace bibun

#endif
