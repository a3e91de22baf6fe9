// What all functions need that hand matrices to LAPACK, which counts columns first.
#ifndef BIBUN_RUNTIME_LAPACK_HPP
#define BIBUN_RUNTIME_LAPACK_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace bibun {

using Size = std::int64_t;

template <class T>
bool finite(Size n, const T* x) {
  return std::all_of(x, x + n, [](T v) { return std::isfinite(v); });
}

// y: the transpose of the m x n matrix x.
template <class T, class U>
void turn(Size m, Size n, const T* x, U* y) {
  constexpr Size kBlock = 16;
  for (Size i = 0; i < m; i += kBlock) {
    for (Size j = 0; j < n; ++j) {
      for (Size k = i; k < std::min(i + kBlock, m); ++k) y[j * m + k] = static_cast<U>(x[k * n + j]);
    }
  }
}

}  // namespace bibun

// An entry of the table of symbols: a function of one kind of numbers.
#define BIBUN_LAPACK(name, T, kind) {"bibun_lapack_" #name "_" kind, address_of(&name<T>)}

#endif
