// A function as the user calls it: the compiled ways through it, and Python's for all else.
#ifndef BIBUN_RUNTIME_FUNCTION_HPP
#define BIBUN_RUNTIME_FUNCTION_HPP

#include "python.hpp"

namespace bibun {

class Function {
 public:
  // `slow` is called where no compiled way fits, and whenever this thread records: if the list
  // `threads.open` is not empty.
  Function(PyObject* slow, PyObject* threads)
      : slow_(Reference::shared(slow)),
        threads_(Reference::shared(threads)),
        variants_(Reference::taken(PyTuple_New(0))) {}

  Reference call(PyObject* const* args, std::size_t flags, PyObject* names);

  PyObject* slow() const { return slow_.get(); }
  PyObject* variants() const { return variants_.get(); }
  void use(PyObject* variants) { variants_ = Reference::shared(variants); }

  // Whether this thread records: if the list `threads.open` is not empty.
  static bool recording(PyObject* threads);

  int visit(visitproc visit, void* arg) const;
  void clear();

 private:
  void hit(Py_ssize_t k);

  Reference slow_;
  Reference threads_;
  Reference variants_;  // a tuple of Variants, replaced as a whole
  Py_ssize_t last_ = 0;  // the variant that fitted last
};

}  // namespace bibun

#endif
