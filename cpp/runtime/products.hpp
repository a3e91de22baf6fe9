// Products of matrices for compiled code.
#ifndef BIBUN_RUNTIME_PRODUCTS_HPP
#define BIBUN_RUNTIME_PRODUCTS_HPP

#include <cstdint>

namespace bibun {

// c = a b, or c += a b if `add` holds, for a panel of a, k columns of the rows of a tile, and a
// panel of b, k rows of so many vectors. The rows of c are `ldc` elements apart. k > 0.
template <class T>
using RunTile = void (*)(std::int64_t k, std::int64_t vectors, const T* a, const T* b, T* c,
                         std::int64_t ldc, bool add);

}  // namespace bibun

extern "C" {

// c = a b, with m x k and k x n elements in rows. The rows of a are `lda` elements apart; if
// `turned_a` is not 0, a lies as its transpose, k rows of m; the same for b, k rows of n.
//
// The tile has `tile_rows` rows and `vectors` vectors of `lanes` lanes. `panels` has room for `rows`
// rows of a and `columns` columns of b, each `depth` long, multiples of those of a tile.
#define BIBUN_PRODUCT(name, T)                                                                     \
  __attribute__((visibility("default"))) void name(                                                \
      std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t turned_a,                       \
      std::int64_t turned_b, std::int64_t lda, std::int64_t ldb, std::int64_t ldc,                 \
      std::int64_t tile_rows, std::int64_t lanes, std::int64_t vectors, std::int64_t rows,         \
      std::int64_t columns, std::int64_t depth, const T* a, const T* b, T* c, T* panels,           \
      bibun::RunTile<T> run)
BIBUN_PRODUCT(bibun_product_f32, float);
BIBUN_PRODUCT(bibun_product_f64, double);
}

#endif
