// Small results that are kept.
#include "kept.hpp"

#include <algorithm>
#include <utility>

namespace bibun {

bool Kept::possible(const Structure& structure, const Kernel& kernel, std::size_t results) {
  constexpr std::size_t kMost = 4096;
  std::vector<std::size_t> leaves;
  if (!structure.in_tuples(leaves)) return false;
  std::sort(leaves.begin(), leaves.end());
  std::size_t bytes = kernel.workspace;
  for (const Type& t : kernel.outputs) bytes += t.bytes();
  for (std::size_t k = 0; k < results; ++k) {
    if (k >= leaves.size() || leaves[k] != k || !kernel.outputs[k].renewable()) return false;
  }
  return leaves.size() == results && bytes <= kMost;
}

// Whether references are only our own one to the result, and one for each place in a tuple.
bool Kept::unseen(const Set& set) const {
  for (PyObject* tuple : set.tuples) {
    if (Py_REFCNT(tuple) != 1) return false;
  }
  const Type* type = kernel_.outputs.data();
  void* const* output = set.settled->outputs();
  for (PyObject* leaf : set.leaves) {
    if (!type++->unseen(leaf, *output++)) return false;
  }
  return true;
}

void Kept::settle(Set& set) const {
  if (!set.settled) {
    Settled made(kernel_);  // all of it or nothing, if there is no memory
    for (std::size_t k = 0; k < kernel_.outputs.size(); ++k) {
      const Type& type = kernel_.outputs[k];
      if (k >= results_ || type.scalar()) made.own_output(k, type);
    }
    set.settled.emplace(std::move(made));
  }
  for (std::size_t k = 0; k < results_; ++k) {
    if (kernel_.outputs[k].scalar()) continue;
    auto* array = reinterpret_cast<PyArrayObject*>(set.leaves[k]);
    set.settled->place_output(k, PyArray_DATA(array));
  }
}

// Results are let go of at the end, since that may run code of the user's, which calls us.
void Kept::rest() {
  std::array<Reference, std::tuple_size_v<decltype(sets_)>> old;
  missed_ = 0;
  rest_ = kRest;
  for (std::size_t k = 0; k < sets_.size(); ++k) {
    if (!sets_[k].taken) old[k] = std::move(sets_[k].result);
  }
}

Reference Kept::Turn::result() const {
  kept_->missed_ = 0;
  const Type* type = kept_->kernel_.outputs.data();
  void* const* output = set_->settled->outputs();
  for (PyObject* leaf : set_->leaves) {
    if (type->scalar()) type->renew(leaf, *output);
    ++type;
    ++output;
  }
#if PY_VERSION_HEX >= 0x030E0000  // since when they keep their hash
  for (PyObject* tuple : set_->tuples) reinterpret_cast<PyTupleObject*>(tuple)->ob_hash = -1;
#endif
  return Reference::shared(set_->result.get());
}

void Kept::Turn::keep(PyObject* made) {
  if (set_ == nullptr) return;
  // It is deleted at the end of all, since that may run code of the user's, which calls us.
  const Reference old = std::exchange(set_->result, Reference());
  if (kept_->rest_ != 0) return;
  if (++kept_->missed_ == kMissed) return kept_->rest();
  set_->tuples.clear();
  set_->leaves.resize(kept_->results_);
  kept_->structure_.gather(made, set_->tuples, set_->leaves);
  // Numbers and arrays of them refer to nothing: no collector has to look through these tuples, or
  // show them to anybody.
  for (PyObject* tuple : set_->tuples) PyObject_GC_UnTrack(tuple);
  kept_->settle(*set_);
  set_->result = Reference::shared(made);
}

}  // namespace bibun
