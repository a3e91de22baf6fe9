// The tape: what was computed, in order, with what sends each result's derivative back to its
// arguments.
//
// Each thread has one. A Frame opens a piece of it and gives everything back when it ends, also by
// an exception; frames nest. Variables belong to the frame in which they were made.
#ifndef BIBUN_TAPE_HPP
#define BIBUN_TAPE_HPP

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "arena.hpp"

namespace bibun {

/// A value or a derivative that is inf or nan, with the name of the operation.
class NotFinite : public std::domain_error {
 public:
  NotFinite(const char* what, const char* operation)
      : std::domain_error(std::string("bibun: the ") + what + " of '" + operation +
                          "' is not finite"),
        operation_(operation) {}
  const char* operation() const noexcept { return operation_; }

 private:
  const char* operation_;
};

class Tape {
 public:
  /// One operation: functions on a closure that lies in the arena.
  struct Entry {
    void (*pull)(void*);
    bool (*finite)(void*);   // whether what it sent back is finite
    void (*destroy)(void*);  // null if there is nothing to destroy
    void* closure;
    const char* name;
  };

  struct Mark {
    Arena::Mark values, adjoints;
    std::size_t entries;
  };

  template <class T>
  T* values(std::ptrdiff_t n) {
    return numbers<T>(values_, n);
  }
  template <class T>
  T* adjoints(std::ptrdiff_t n) {
    return numbers<T>(adjoints_, n);
  }

  template <class Pull, class Finite>
  void record(const char* name, Pull pull, Finite finite) {
    struct Closure {
      Pull pull;
      Finite finite;
    };
    static_assert(alignof(Closure) <= Arena::alignment);
    // Room first, so that a closure is never left without its entry.
    if (entries_.size() == entries_.capacity()) entries_.reserve(2 * entries_.size() + 64);
    auto* closure = new (values_.take(sizeof(Closure))) Closure{std::move(pull), std::move(finite)};
    Entry entry{[](void* c) { static_cast<Closure*>(c)->pull(); },
                [](void* c) { return static_cast<Closure*>(c)->finite(); }, nullptr, closure, name};
    if constexpr (!std::is_trivially_destructible_v<Closure>) {
      entry.destroy = [](void* c) { static_cast<Closure*>(c)->~Closure(); };
    }
    entries_.push_back(entry);
  }

  Mark mark() const { return {values_.mark(), adjoints_.mark(), entries_.size()}; }

  /// All derivatives after a place become zero.
  void clear(const Mark& mark) { adjoints_.clear(mark.adjoints); }

  /// Send derivatives back, from the last operation to the first after a place.
  void sweep(const Mark& mark) {
    for (std::size_t k = entries_.size(); k-- > mark.entries;) {
      const Entry entry = entries_[k];
      entry.pull(entry.closure);
      if (check_finite && !entry.finite(entry.closure)) throw NotFinite("derivative", entry.name);
    }
  }

  void give_back(const Mark& mark) noexcept {
    while (entries_.size() > mark.entries) {
      const Entry entry = entries_.back();
      entries_.pop_back();
      if (entry.destroy != nullptr) entry.destroy(entry.closure);
    }
    values_.give_back(mark.values);
    adjoints_.give_back(mark.adjoints);
  }

  bool check_finite = false;
  std::uint64_t frame = 0;  // the number of the innermost open frame; 0 if none is open

 private:
  template <class T>
  static T* numbers(Arena& arena, std::ptrdiff_t n) {
    // Of the types used here an object without a value may be assigned to: numbers and Duals.
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(arena.take(static_cast<std::size_t>(n) * sizeof(T)));
    if constexpr (!std::is_arithmetic_v<T>) {
      for (std::ptrdiff_t i = 0; i < n; ++i) new (first + i) T();
    }
    return first;
  }

  Arena values_, adjoints_;
  std::vector<Entry> entries_;
};

/// The tape of this thread.
inline Tape& tape() {
  static thread_local Tape own;
  return own;
}

/// The numbers of frames: each has its own, in all threads, so that a stray variable is noticed.
inline std::uint64_t next_frame() {
  static std::atomic<std::uint64_t> blocks{0};
  static thread_local std::uint64_t next = 0, last = 0;
  if (next == last) {
    next = 1 + (blocks.fetch_add(1) << 20);
    last = next + (std::uint64_t{1} << 20) - 1;
  }
  return next++;
}

/// A piece of the tape, open as long as the object lives.
class Frame {
 public:
  Frame() : tape_(tape()), mark_(tape_.mark()), outer_(tape_.frame) { tape_.frame = next_frame(); }
  ~Frame() {
    tape_.give_back(mark_);
    tape_.frame = outer_;
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  Tape& own_tape() { return tape_; }
  void clear() { tape_.clear(mark_); }
  void sweep() { tape_.sweep(mark_); }

 private:
  Tape& tape_;
  Tape::Mark mark_;
  std::uint64_t outer_;
};

/// While it lives, the first operation in this thread whose value or derivative is inf or nan
/// throws NotFinite with its name.
class FiniteCheck {
 public:
  FiniteCheck() : before_(tape().check_finite) { tape().check_finite = true; }
  ~FiniteCheck() { tape().check_finite = before_; }
  FiniteCheck(const FiniteCheck&) = delete;
  FiniteCheck& operator=(const FiniteCheck&) = delete;

 private:
  bool before_;
};

}  // namespace bibun

#endif
