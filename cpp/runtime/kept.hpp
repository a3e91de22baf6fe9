// Small results that are kept: what nobody else has any more is written again by a later call,
// which then makes no objects, and nobody has to delete any.
#ifndef BIBUN_RUNTIME_KEPT_HPP
#define BIBUN_RUNTIME_KEPT_HPP

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "kernel.hpp"
#include "settled.hpp"
#include "structure.hpp"

namespace bibun {

// The results of the last calls of a variant: of several, since whoever calls again often still has
// those of a call or two before.
class Kept {
 public:
  // For results of this structure, which are the first outputs of the kernel.
  Kept(const Structure& structure, const Kernel& kernel, std::size_t results)
      : structure_(structure), kernel_(kernel), results_(results) {}

  // Whether such results can be kept: a few KB, in tuples, which do not change.
  static bool possible(const Structure& structure, const Kernel& kernel, std::size_t results);

  class Turn;

 private:
  struct Set {
    Reference result;
    std::vector<PyObject*> tuples;   // of the result, all of them
    std::vector<PyObject*> leaves;   // its arrays and numbers, as they are numbered
    std::optional<Settled> settled;  // the buffers of a call that writes there
    bool taken = false;              // by a call that runs, perhaps without the global lock
  };

  // Looks that find nothing cost those who keep all results: after so many of them in a row, so
  // many calls go without.
  static constexpr std::size_t kMissed = 16;
  static constexpr std::size_t kRest = 256;

  bool unseen(const Set& set) const;
  void settle(Set& set) const;
  void rest();

  const Structure& structure_;
  const Kernel& kernel_;
  std::size_t results_;
  std::array<Set, 4> sets_;
  std::size_t turn_ = 0;
  std::size_t missed_ = 0;
  std::size_t rest_ = 0;
};

// One call, which has one of the sets, unless another one that runs has it, or all rest.
class Kept::Turn {
 public:
  explicit Turn(std::optional<Kept>& kept) {
    if (!kept) return;
    if (kept->rest_ != 0) {
      --kept->rest_;
      return;
    }
    Set& next = kept->sets_[kept->turn_++ % kept->sets_.size()];
    if (next.taken) return;
    kept_ = &*kept;
    set_ = &next;
    next.taken = true;
  }
  ~Turn() {
    if (set_ != nullptr) set_->taken = false;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Where a call writes the result of an earlier one, if there is one, and if nobody has that.
  void** buffers() const {
    return set_ != nullptr && set_->settled ? set_->settled->buffers() : nullptr;
  }
  bool unseen() const { return set_ != nullptr && set_->result && kept_->unseen(*set_); }

  // That result.
  Reference result() const;

  // Keeps a new one in its place.
  void keep(PyObject* made);

 private:
  Kept* kept_ = nullptr;
  Set* set_ = nullptr;
};

}  // namespace bibun

#endif
