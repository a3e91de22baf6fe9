// The tape: what was computed, in order, with what sends each result's derivative back to its
// arguments.
//
// Each thread has one. A Frame opens a piece of it and gives everything back when it ends, also by
// an exception; frames nest. Variables belong to the frame in which they were made.
#ifndef BIBUN_TAPE_HPP
#define BIBUN_TAPE_HPP

#include <atomic>
#include <cstdint>
#include <cstring>
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

/// Derivatives that some matrix on the tape has.
struct Adjoints {
  Adjoints* before;
  void* numbers;  // null for a constant
  std::size_t bytes;
};

/// A matrix on the tape; its numbers and derivatives lie behind it.
template <class T>
struct Node : Adjoints {
  std::ptrdiff_t rows, columns;
  Node* exponent;  // what this is the exponential of, if it is one

  T* value() { return reinterpret_cast<T*>(reinterpret_cast<char*>(this) + Arena::alignment); }
  T* adjoint() const { return static_cast<T*>(numbers); }
};

class Tape {
 public:
  struct Entry;
  /// What an operation does on the way back.
  struct Way {
    void (*pull)(Entry*);
    bool (*finite)(Entry*);  // whether what it sent back is finite
  };
  /// One operation, which lies in the arena, with what it has captured behind it.
  struct Entry {
    Entry* before;
    const Way* way;
    const char* name;
  };
  /// Beside an operation that has something to destroy.
  struct Destroyed {
    Destroyed* before;
    void (*destroy)(Entry*);
    Entry* entry;
  };

  struct Mark {
    Arena::Mark memory;
    Adjoints* adjoints;
    Entry* last;
    Destroyed* destroyed;
  };

  template <class T>
  T* values(std::ptrdiff_t n) {
    return begun<T>(arena_.take(static_cast<std::size_t>(n) * sizeof(T)), n);
  }
  /// Memory for a matrix and its derivatives, which are zero at first.
  template <class T>
  Node<T>* node(std::ptrdiff_t rows, std::ptrdiff_t columns, bool constant) {
    static_assert(sizeof(Node<T>) <= Arena::alignment);
    const std::ptrdiff_t n = rows * columns;
    const std::size_t bytes = Arena::rounded(static_cast<std::size_t>(n) * sizeof(T));
    void* memory = arena_.take(Arena::alignment + (constant ? bytes : 2 * bytes));
    auto* made = new (memory) Node<T>;
    T* const value = begun<T>(made->value(), n);
    made->numbers = nullptr;
    made->rows = rows;
    made->columns = columns;
    made->exponent = nullptr;
    if (!constant) {
      made->numbers = begun<T>(reinterpret_cast<char*>(value) + bytes, n);
      made->bytes = bytes;
      made->before = adjoints_;
      adjoints_ = made;
      if constexpr (std::is_arithmetic_v<T>) set_zero(*made);
    }
    return made;
  }

  template <class Pull, class Finite>
  [[gnu::always_inline]] void record(const char* name, Pull pull, Finite finite) {
    struct Own : Entry {
      Own(Entry entry, Pull&& pull, Finite&& finite)
          : Entry(entry), pull_(std::move(pull)), finite_(std::move(finite)) {}
      Pull pull_;
      Finite finite_;
    };
    static_assert(alignof(Own) <= Arena::alignment);
    Destroyed* destroyed = nullptr;
    if constexpr (!std::is_trivially_destructible_v<Own>) {
      destroyed = static_cast<Destroyed*>(arena_.take(sizeof(Destroyed)));
    }
    static constexpr Way way{[](Entry* e) { static_cast<Own*>(e)->pull_(); },
                             [](Entry* e) { return static_cast<Own*>(e)->finite_(); }};
    void* memory = arena_.take(sizeof(Own));
    last_ = new (memory) Own({last_, &way, name}, std::move(pull), std::move(finite));
    if constexpr (!std::is_trivially_destructible_v<Own>) {
      const auto destroy = [](Entry* e) { static_cast<Own*>(e)->~Own(); };
      destroyed_ = new (destroyed) Destroyed{destroyed_, destroy, last_};
    }
  }

  Mark mark() const { return {arena_.mark(), adjoints_, last_, destroyed_}; }

  /// All derivatives after a place become zero.
  void clear(const Mark& mark) {
    for (Adjoints* a = adjoints_; a != mark.adjoints; a = a->before) {
      set_zero(*a);
    }
  }

  /// Send derivatives back, from the last operation to the first after a place.
  void sweep(const Mark& mark) {
    for (Entry* e = last_; e != mark.last; e = e->before) {
      e->way->pull(e);
      if (check_finite && !e->way->finite(e)) throw NotFinite("derivative", e->name);
    }
  }

  void give_back(const Mark& mark) noexcept {
    while (destroyed_ != mark.destroyed) {
      destroyed_->destroy(destroyed_->entry);
      destroyed_ = destroyed_->before;
    }
    last_ = mark.last;
    adjoints_ = mark.adjoints;
    arena_.give_back(mark.memory);
  }

  bool check_finite = false;
  std::uint64_t frame = 0;  // the number of the innermost open frame; 0 if none is open

 private:
  /// Few lines one by one, without a call.
  static void set_zero(const Adjoints& a) {
    constexpr std::size_t line = Arena::alignment, few = 8 * line;
    auto* first = static_cast<char*>(a.numbers);
    if (a.bytes > few) {
      std::memset(first, 0, a.bytes);
    } else {
      for (std::size_t k = 0; k < a.bytes; k += line) std::memset(first + k, 0, line);
    }
  }

  template <class T>
  static T* begun(void* memory, std::ptrdiff_t n) {
    // Of the types used here an object without a value may be assigned to: numbers and Duals.
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(memory);
    if constexpr (!std::is_arithmetic_v<T>) {
      for (std::ptrdiff_t i = 0; i < n; ++i) new (first + i) T();
    }
    return first;
  }

  Arena arena_;
  Adjoints* adjoints_ = nullptr;
  Entry* last_ = nullptr;
  Destroyed* destroyed_ = nullptr;
};

/// The tape of this thread.
[[gnu::noinline, gnu::cold]] inline Tape& own_tape() {
  static thread_local Tape own;
  return own;
}
/// The same, found quicker: a pointer needs no construction, about which each call had to ask.
inline Tape& tape() {
  static thread_local Tape* known = nullptr;
  if (known == nullptr) known = &own_tape();
  return *known;
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

  /// Let all derivatives be zero, as they are before the first sweep.
  void clear() {
    if (swept_) tape_.clear(mark_);
    swept_ = false;
  }
  void sweep() {
    swept_ = true;
    tape_.sweep(mark_);
  }

 private:
  Tape& tape_;
  Tape::Mark mark_;
  std::uint64_t outer_;
  bool swept_ = false;
};

/// Whether the compiler has been told that there is no inf or nan.
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
constexpr bool kFiniteMathOnly = true;
#else
constexpr bool kFiniteMathOnly = false;
#endif

/// While it lives, the first operation in this thread whose value or derivative is inf or nan
/// throws NotFinite with its name.
class FiniteCheck {
 public:
  template <bool none = kFiniteMathOnly>
  FiniteCheck() : before_(tape().check_finite) {
    static_assert(!none, "FiniteCheck: with -ffast-math compilers leave such checks out");
    tape().check_finite = true;
  }
  ~FiniteCheck() { tape().check_finite = before_; }
  FiniteCheck(const FiniteCheck&) = delete;
  FiniteCheck& operator=(const FiniteCheck&) = delete;

 private:
  bool before_;
};

}  // namespace bibun

#endif
