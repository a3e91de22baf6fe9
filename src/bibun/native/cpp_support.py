"""What printed C++ needs beside the functions themselves, as text."""

from __future__ import annotations

HEAD = """#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>
#include <vector>
"""
BITS = """
template <typename To, typename From>
static inline To bits(From x) {
  static_assert(sizeof(To) == sizeof(From), "bits of one size");
  To y;
  std::memcpy(&y, &x, sizeof y);
  return y;
}
"""
PRODUCT = """
// c = a b, row by row; a and b may lie as their transposes.
template <typename T>
static inline void product(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t turned_a,
                           std::int64_t turned_b, std::int64_t lda, std::int64_t ldb,
                           std::int64_t ldc, const T* a, const T* b, T* c) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) c[i * ldc + j] = 0;
    for (std::int64_t l = 0; l < k; ++l) {
      const T x = turned_a ? a[l * lda + i] : a[i * lda + l];
      for (std::int64_t j = 0; j < n; ++j) {
        c[i * ldc + j] += x * (turned_b ? b[j * ldb + l] : b[l * ldb + j]);
      }
    }
  }
}
"""
EXTREMES = """
// The larger and the smaller one; nan if there is one, and -0 is below 0. Without branches, so that
// compilers do several at once: of equal numbers the bits are the same but for the sign of 0.
template <typename T>
static inline T larger(T a, T b) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  const T one = bits<T>(static_cast<Bits>(bits<Bits>(a) & bits<Bits>(b)));
  const T most = a == b ? one : a > b ? a : b;
  return a != a ? a : most;
}
template <typename T>
static inline T smaller(T a, T b) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  const T one = bits<T>(static_cast<Bits>(bits<Bits>(a) | bits<Bits>(b)));
  const T least = a == b ? one : a < b ? a : b;
  return a != a ? a : least;
}
"""
FILLED = """
// Bytes of the vectors that are worth filling up, where compilers make such of what is filled.
#if !defined(__GNUC__) || defined(__clang__)
constexpr int filled_bytes = 0;
#elif defined(__AVX512F__)
constexpr int filled_bytes = 64;
#elif defined(__AVX2__) && defined(__FMA__) && defined(__NO_TRAPPING_MATH__)
constexpr int filled_bytes = 32;
#else
constexpr int filled_bytes = 0;
#endif
// The last rounds of a loop, and the very last one again in the place of those that are missing.
template <int rounds, typename T, int... lane>
[[gnu::always_inline]] static inline void filled(const T* from, T* to,
                                                 std::integer_sequence<int, lane...>) {
#if defined(__GNUC__) && !defined(__clang__)
  // As one vector: processors wait for parts that were written and are read as a whole.
  typedef T Vector __attribute__((vector_size(sizeof...(lane) * sizeof(T))));
  const decltype(Vector() < Vector()) before = {(lane < rounds - 1 ? -1 : 0)...};
  const Vector some = {(lane < rounds - 1 ? from[lane] : T{})...};
  const Vector last = {from[(static_cast<void>(lane), rounds - 1)]...};
  const Vector all = before ? some : last;
  std::memcpy(to, &all, sizeof all);
#else
  ((to[lane] = from[lane < rounds ? lane : rounds - 1]), ...);
#endif
}
template <int rounds, int lanes, typename T>
[[gnu::always_inline]] static inline void filled(const T* from, T* to) {
  filled<rounds>(from, to, std::make_integer_sequence<int, lanes>());
}
template <int rounds, typename T>
static inline void kept(const T* from, T* to) {
  for (int lane = 0; lane < rounds; ++lane) to[lane] = from[lane];
}
"""
