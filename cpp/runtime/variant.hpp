// One compiled way through a function: what it takes, what it asks, and what it returns.
#ifndef BIBUN_RUNTIME_VARIANT_HPP
#define BIBUN_RUNTIME_VARIANT_HPP

#include <optional>
#include <string>
#include <vector>

#include "kept.hpp"
#include "kernel.hpp"
#include "structure.hpp"

namespace bibun {

class Variant {
 public:
  // `arguments` (a tuple), `named` (a dict) and `result` describe Structures; instead of the
  // latter, a function that makes the result of the list of its arrays. `sources` are arrays, and
  // others whose attribute `stored` is an array, that the kernel takes after the arguments.
  // `answers` are the bytes that the last outputs have to have: what the function decided.
  // `replaced` and `overwrites` are those of Replaced: what overwrites cannot be done again.
  Variant(PyObject* kernel, PyObject* arguments, PyObject* named, PyObject* sources,
          PyObject* answers, PyObject* result, PyObject* replaced, PyObject* overwrites);

  // The result, if the arguments are what this was compiled for and the answers are the same;
  // else nothing.
  Reference run(PyObject* const* args, std::size_t count, PyObject* names);

  // Results that are not finite are no answer: Python is asked. But so many are, from now on.
  void let_pass(std::size_t count) { passes_ = count; }
  bool pass() { return passes_ != 0 && passes_-- != 0; }

  // So many calls from now on, Python is asked, whatever the results are; 0: at none.
  void look_after(std::size_t count) { until_look_ = count; }
  std::size_t calls_to_look() const { return until_look_; }
  bool looks() { return until_look_ != 0 && --until_look_ == 0; }

  Kernel& kernel() const { return kernel_; }
  std::size_t sources() const { return sources_.size(); }
  std::size_t results() const { return results_; }

  // What the function met outside of its arguments, as it is now: the source k.
  Reference source(std::size_t k) const;

  // Whether what the kernel wrote is an answer: decided as before, and finite.
  bool accepts(void* const* outputs) {
    return (answers_.empty() || holds(outputs)) && (sound(outputs) || pass());
  }

  int visit(visitproc visit, void* arg) const;

 private:
  bool fetch(Run& run) const;
  bool done(Run& run);
  Reference build(Run& run) const;
  bool sound(void* const* outputs) const;
  bool holds(void* const* outputs) const;

  Reference owner_;  // of the kernel
  Kernel& kernel_;
  Structure arguments_;
  Structure named_;
  std::vector<Reference> sources_;
  std::size_t results_;  // outputs that are no answers
  std::vector<std::string> answers_;
  std::optional<Structure> result_;
  Reference make_result_;
  std::optional<Kept> kept_;
  Replaced replaced_;
  std::size_t passes_ = 0;
  std::size_t until_look_ = 0;
};

}  // namespace bibun

#endif
