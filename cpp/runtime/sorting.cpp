// Sorting along lines of an array: by comparisons where they are short, by digits where not.
//
// Numbers become keys, which are unsigned and rise as the numbers do; nan has the largest. The
// digits of keys, of eleven bits each, are sorted from the last to the first (Knuth, The Art of
// Computer Programming, volume 3, section 5.2.5), so that equal numbers stay in their order.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "routines.hpp"

namespace bibun {
namespace {

using Size = std::int64_t;

constexpr int kBits = 11;                // of a digit
constexpr Size kValues = 1 << kBits;     // that a digit has
constexpr Size kShort = 200;             // numbers up to which comparisons are quicker

template <std::size_t bytes>
struct Unsigned;
template <>
struct Unsigned<1> { using Type = std::uint8_t; };
template <>
struct Unsigned<2> { using Type = std::uint16_t; };
template <>
struct Unsigned<4> { using Type = std::uint32_t; };
template <>
struct Unsigned<8> { using Type = std::uint64_t; };

template <class T>
using Bits = typename Unsigned<sizeof(T)>::Type;

template <class T>
Bits<T> key(T x) {
  using U = Bits<T>;
  constexpr U kSign = U(U(1) << (8 * sizeof(T) - 1));
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(x)) return static_cast<U>(~U(0));
    if (x == 0) x = 0;  // -0 is equal to it
    U bits;
    std::memcpy(&bits, &x, sizeof(T));
    return static_cast<U>(bits & kSign ? ~bits : bits | kSign);
  } else {
    return static_cast<U>(std::is_signed_v<T> ? U(x) ^ kSign : U(x));
  }
}

// The number of which this is the key.
template <class T>
T number(Bits<T> bits) {
  using U = Bits<T>;
  constexpr U kSign = U(U(1) << (8 * sizeof(T) - 1));
  if constexpr (std::is_floating_point_v<T>) {
    bits = static_cast<U>(bits & kSign ? bits & ~kSign : ~bits);
    T x;
    std::memcpy(&x, &bits, sizeof(T));
    return x;
  } else {
    return static_cast<T>(std::is_signed_v<T> ? bits ^ kSign : bits);
  }
}

// A number and where it was.
template <class U>
struct Entry {
  U key;
  std::uint32_t place;
  bool operator<(const Entry& other) const {
    return key < other.key || (key == other.key && place < other.place);
  }
};

template <class U>
U key_of(const Entry<U>& entry) {
  return entry.key;
}
template <class U>
U key_of(const U& entry) {
  return entry;
}

// Sorts n entries, with as many beside them; returns where they are then.
template <class U, class E>
E* sort(Size n, E* entries, E* others) {
  if (n <= kShort) {
    std::sort(entries, entries + n);
    return entries;
  }
  for (int shift = 0; shift < static_cast<int>(8 * sizeof(U)); shift += kBits) {
    std::uint32_t starts[kValues] = {};
    const auto digit = [shift](const E& entry) {
      return static_cast<Size>((key_of<U>(entry) >> shift) & (kValues - 1));
    };
    for (Size i = 0; i < n; ++i) ++starts[digit(entries[i])];
    if (starts[digit(entries[0])] == n) continue;  // all have the same
    std::uint32_t start = 0;
    for (Size k = 0; k < kValues; ++k) start += std::exchange(starts[k], start);
    for (Size i = 0; i < n; ++i) others[starts[digit(entries[i])]++] = entries[i];
    std::swap(entries, others);
  }
  return entries;
}

// y: the n numbers of each of `step` columns of x in rising order, nan last.
template <class T>
void sort_lines(Size n, Size step, const T* x, T* y, void* memory) {
  auto* const keys = static_cast<Bits<T>*>(memory);
  for (Size j = 0; j < step; ++j) {
    for (Size i = 0; i < n; ++i) keys[i] = key(x[i * step + j]);
    const auto* found = sort<Bits<T>>(n, keys, keys + n);
    for (Size i = 0; i < n; ++i) y[i * step + j] = number<T>(found[i]);
  }
}

// y: the places of the numbers of each column in rising order, equal ones in the order in which
// they are; with `rank`, which place each number gets.
template <class T>
void order_lines(Size n, Size step, Size rank, const T* x, Size* y, void* memory) {
  auto* const entries = static_cast<Entry<Bits<T>>*>(memory);
  for (Size j = 0; j < step; ++j) {
    for (Size i = 0; i < n; ++i) {
      entries[i] = {key(x[i * step + j]), static_cast<std::uint32_t>(i)};
    }
    const auto* found = sort<Bits<T>>(n, entries, entries + n);
    for (Size i = 0; i < n; ++i) {
      const Size place = found[i].place;
      y[(rank ? place : i) * step + j] = rank ? i : place;
    }
  }
}

#define BIBUN_SORTING(T, kind)                                          \
  {"bibun_sort_lines_" kind, address_of(&sort_lines<T>)}, {             \
    "bibun_order_lines_" kind, address_of(&order_lines<T>)              \
  }

}  // namespace

std::vector<Symbol> sorting_routines() {
  return {
      BIBUN_SORTING(float, "f32"),         BIBUN_SORTING(double, "f64"),
      BIBUN_SORTING(std::int8_t, "i8"),    BIBUN_SORTING(std::int16_t, "i16"),
      BIBUN_SORTING(std::int32_t, "i32"),  BIBUN_SORTING(std::int64_t, "i64"),
      BIBUN_SORTING(std::uint8_t, "u8"),   BIBUN_SORTING(std::uint16_t, "u16"),
      BIBUN_SORTING(std::uint32_t, "u32"), BIBUN_SORTING(std::uint64_t, "u64"),
      BIBUN_SORTING(bool, "bool"),
  };
}

}  // namespace bibun
