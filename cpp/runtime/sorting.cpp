// Sorting along lines of an array, by NumPy's own functions, which take vectors.
//
// For places there is a number for each: the first bits of its key, and its place behind them.
// These are sorted as numbers, and places of equal first bits afterwards, which are rare, by the
// whole key. A key is unsigned and rises as the numbers do; nan has the largest. So equal numbers
// stay in their order.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <type_traits>

#include "python.hpp"
#include "routines.hpp"

namespace bibun {
namespace {

using Size = std::int64_t;
using Sorter = PyArray_SortFunc*;

constexpr Size kBeside = 8;  // columns that are read together: those of a cache line of doubles

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
std::uint64_t key(T x) {
  using U = typename Unsigned<sizeof(T)>::Type;
  constexpr U kSign = U(U(1) << (8 * sizeof(T) - 1));
  if constexpr (std::is_floating_point_v<T>) {
    U bits;
    x = x == 0 ? T(0) : x;  // -0 is equal to it
    std::memcpy(&bits, &x, sizeof(T));
    const U mask = static_cast<U>(U(0) - (bits >> (8 * sizeof(T) - 1))) | kSign;
    return x == x ? static_cast<U>(bits ^ mask) : static_cast<U>(~U(0));
  } else {
    return static_cast<U>(std::is_signed_v<T> ? U(x) ^ kSign : U(x));
  }
}

// NumPy's function that sorts such numbers in their place; it needs no lock.
template <class T>
Sorter numpys = nullptr;

template <class T>
void take_numpys(int number) {
  PyArray_Descr* const type = PyArray_DescrFromType(number);
  numpys<T> = PyDataType_GetArrFuncs(type)->sort[NPY_QUICKSORT];
  Py_DECREF(type);
}

int bits_of(std::uint64_t x) { return x == 0 ? 0 : 64 - __builtin_clzll(x); }

// Sorts n numbers.
template <class T>
void sort_numbers(Size n, T* x) {
  numpys<T>(x, n, nullptr);
}

// columns: `some` columns of the rows of x, one behind the other.
template <class T>
void take_columns(Size n, Size step, Size some, const T* x, T* columns) {
  for (Size i = 0; i < n; ++i) {
    for (Size k = 0; k < some; ++k) columns[k * n + i] = x[i * step + k];
  }
}

// y: the n numbers of each of `step` columns of x in rising order, nan last.
template <class T>
void sort_lines(Size n, Size step, const T* x, T* y, T* columns) {
  if (step == 1) {
    std::copy(x, x + n, y);
    return sort_numbers(n, y);
  }
  for (Size j = 0; j < step; j += kBeside) {
    const Size some = std::min(kBeside, step - j);
    take_columns(n, step, some, x + j, columns);
    for (Size k = 0; k < some; ++k) sort_numbers(n, columns + k * n);
    for (Size i = 0; i < n; ++i) {
      for (Size k = 0; k < some; ++k) y[i * step + j + k] = columns[k * n + i];
    }
  }
}

// Puts the places of numbers of equal first bits in order.
template <class T>
void settle(Size n, const T* x, int bits, std::uint64_t places, std::uint64_t* entries) {
  const auto before = [x, places](std::uint64_t a, std::uint64_t b) {
    const std::uint64_t left = key(x[a & places]), right = key(x[b & places]);
    return left < right || (left == right && (a & places) < (b & places));
  };
  for (Size i = 1, end; i < n; i = end) {
    end = i + 1;
    if ((entries[i - 1] ^ entries[i]) >> bits != 0) continue;
    while (end < n && (entries[end] ^ entries[i]) >> bits == 0) ++end;
    if (!std::is_sorted(entries + i - 1, entries + end, before)) {
      std::sort(entries + i - 1, entries + end, before);
    }
  }
}

// entries: the places of the n numbers x in rising order.
template <class T>
void order(Size n, const T* x, std::uint64_t* entries) {
  if (std::is_sorted(x, x + n, [](T a, T b) { return key(a) < key(b); })) {
    return std::iota(entries, entries + n, std::uint64_t(0));
  }
  std::uint64_t least = ~std::uint64_t(0), most = 0;
  for (Size i = 0; i < n; ++i) {
    const std::uint64_t bits = key(x[i]);
    least = std::min(least, bits);
    most = std::max(most, bits);
  }
  const int bits = bits_of(static_cast<std::uint64_t>(n - 1));
  const std::uint64_t places = (std::uint64_t(1) << bits) - 1;
  const int lost = std::max(0, bits_of(most - least) - (64 - bits));
  for (Size i = 0; i < n; ++i) {
    entries[i] = (key(x[i]) - least) >> lost << bits | static_cast<std::uint64_t>(i);
  }
  sort_numbers(n, entries);
  if (lost > 0) settle(n, x, bits, places, entries);
  for (Size i = 0; i < n; ++i) entries[i] &= places;
}

// y: the places of the numbers of each column in rising order, equal ones in the order in which
// they are; with `rank`, which place each number gets.
template <class T>
void order_lines(Size n, Size step, Size rank, const T* x, Size* y, std::uint64_t* entries,
                 T* columns) {
  for (Size j = 0; j < step; j += kBeside) {
    const Size some = std::min(kBeside, step - j);
    if (step > 1) take_columns(n, step, some, x + j, columns);
    for (Size k = 0; k < some; ++k) order(n, step > 1 ? columns + k * n : x, entries + k * n);
    for (Size i = 0; i < n; ++i) {
      for (Size k = 0; k < some; ++k) {
        const Size place = static_cast<Size>(entries[k * n + i]);
        y[(rank ? place : i) * step + j + k] = rank ? i : place;
      }
    }
  }
}

#define BIBUN_SORTING(T, kind)                                          \
  {"bibun_sort_lines_" kind, address_of(&sort_lines<T>)}, {             \
    "bibun_order_lines_" kind, address_of(&order_lines<T>)              \
  }

}  // namespace

void prepare_sorting() {
  take_numpys<bool>(NPY_BOOL);
  take_numpys<float>(NPY_FLOAT);
  take_numpys<double>(NPY_DOUBLE);
  take_numpys<std::int8_t>(NPY_INT8);
  take_numpys<std::int16_t>(NPY_INT16);
  take_numpys<std::int32_t>(NPY_INT32);
  take_numpys<std::int64_t>(NPY_INT64);
  take_numpys<std::uint8_t>(NPY_UINT8);
  take_numpys<std::uint16_t>(NPY_UINT16);
  take_numpys<std::uint32_t>(NPY_UINT32);
  take_numpys<std::uint64_t>(NPY_UINT64);
}

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
