// A call on memory that was settled before: no arguments, and the same results each time.
#ifndef BIBUN_RUNTIME_BOUND_HPP
#define BIBUN_RUNTIME_BOUND_HPP

#include <vector>

#include "function.hpp"
#include "settled.hpp"
#include "variant.hpp"

namespace bibun {

class Bound {
 public:
  // `arguments` are arrays that can be read where they lie, and numbers; `build` makes the result
  // of the list of its arrays, and `again` writes into that list what the function gives where the
  // variant has no answer.
  Bound(PyObject* variant, PyObject* arguments, PyObject* build, PyObject* again,
        PyObject* threads);
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;

  Reference call();

  int visit(visitproc visit, void* arg) const;
  void clear() { again_ = Reference::shared(Py_None); }

 private:
  // An argument, and where its memory was found.
  struct Given {
    Reference array;
    void* data;
  };

  void take(std::size_t k, PyObject* x);
  bool in_place() const;
  bool run();
  bool run_on_sources();

  Reference owner_;  // of the variant
  Variant& variant_;
  Reference threads_;
  Reference again_;
  std::vector<Given> given_;
  Settled settled_;
  Reference arrays_;  // a list
  Reference result_;
  bool busy_ = false;
};

}  // namespace bibun

#endif
