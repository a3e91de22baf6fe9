// Containers: where arrays stand in the arguments and in the result of a compiled function.
#ifndef BIBUN_RUNTIME_STRUCTURE_HPP
#define BIBUN_RUNTIME_STRUCTURE_HPP

#include <vector>

#include "held.hpp"
#include "kernel.hpp"

namespace bibun {

// A tree of plain tuples, lists and dicts, whose leaves are numbered arrays and fixed values.
//
// It is made from Python's ("array", number), ("fixed", value), ("tuple", [trees]),
// ("list", [trees]) and ("dict", [keys], [trees]).
class Structure {
 public:
  explicit Structure(PyObject* description);

  // Whether x is built like this, with leaves that fit `types` and the same fixed values. Puts the
  // leaves into their places in `leaves`.
  bool match(PyObject* x, const std::vector<Type>& types, Held& leaves) const;

  // Whether these are the parts of the tuple or list that this is.
  bool match_parts(PyObject* const* x, std::size_t count, const std::vector<Type>& types,
                   Held& leaves) const;

  // Whether these are the values of the dict that this is, in the order of its keys, which a
  // function can tell; `names` is a tuple, or nullptr for none.
  bool match_named(PyObject* const* x, PyObject* names, const std::vector<Type>& types,
                   Held& leaves) const;

  // The tree with the results of a run in the places of the leaves.
  Reference build(Run& run) const;

  int visit(visitproc visit, void* arg) const;

 private:
  enum class Kind { kArray, kFixed, kTuple, kList, kDict };

  bool match_dict(PyObject* x, const std::vector<Type>& types, Held& leaves) const;
  Reference build_dict(Run& run) const;

  Kind kind_;
  std::size_t number_ = 0;  // of an array
  Reference value_;         // what is fixed
  std::vector<Reference> keys_;
  std::vector<Structure> parts_;
};

}  // namespace bibun

#endif
