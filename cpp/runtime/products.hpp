// Products of matrices for compiled code, by tiles whose sums generated functions keep in registers.
#ifndef BIBUN_RUNTIME_PRODUCTS_HPP
#define BIBUN_RUNTIME_PRODUCTS_HPP

#include <cstdint>

namespace bibun {

// Generated functions (native/tiles.py). A tile: c = a b, or c += a b if `add` is not 0.
template <class T>
using Tile = void (*)(std::int64_t k, const T* a, std::int64_t row_a, std::int64_t step_a,
                      const T* b, std::int64_t row_b, T* c, std::int64_t row_c, std::int64_t add);

// Transposes `count` blocks of 8 x 8 elements that follow each other along the rows of a.
template <class T>
using Turn = void (*)(std::int64_t count, const T* a, std::int64_t row_a, T* b,
                      std::int64_t row_b);

}  // namespace bibun

extern "C" {

// c = a b, with m x k and k x n elements in rows, and m, n, k > 0. The rows of a are `lda` elements
// apart; if `turned_a` is not 0, a lies as its transpose, k rows of m; the same for b, k rows of n.
//
// Tiles have at most `rows` rows and `vectors` vectors of `lanes`. They are lower or one row higher,
// whole or, at the right, narrower; where there are none of a kind, its function is null.
#define BIBUN_PRODUCT(name, T)                                                                       \
  __attribute__((visibility("default"))) void name(                                                \
      std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t turned_a,                       \
      std::int64_t turned_b, std::int64_t lda, std::int64_t ldb, std::int64_t ldc,                 \
      std::int64_t rows, std::int64_t vectors, std::int64_t lanes, const T* a, const T* b, T* c,   \
      bibun::Tile<T> lower, bibun::Tile<T> lower_last, bibun::Tile<T> higher,                      \
      bibun::Tile<T> higher_last, bibun::Turn<T> turn)
BIBUN_PRODUCT(bibun_product_f32, float);
BIBUN_PRODUCT(bibun_product_f64, double);
}

#endif
