// Products of matrices for compiled code, through the BLAS that NumPy or SciPy has brought along.
#ifndef BIBUN_RUNTIME_PRODUCTS_HPP
#define BIBUN_RUNTIME_PRODUCTS_HPP

#include <cstdint>

extern "C" {

// c = a b, with m x k and k x n elements in rows. The rows of a are `lda` elements apart; if
// `turned_a` is not 0, a lies as its transpose, k rows of m; the same for b, k rows of n.
#define BIBUN_PRODUCT(name, T)                                                                     \
  __attribute__((visibility("default"))) void name(                                                \
      std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t turned_a,                       \
      std::int64_t turned_b, std::int64_t lda, std::int64_t ldb, std::int64_t ldc, const T* a,     \
      const T* b, T* c)
BIBUN_PRODUCT(bibun_product_f32, float);
BIBUN_PRODUCT(bibun_product_f64, double);
}

namespace bibun {

// The addresses of Fortran's sgemm, dgemm, sgemv and dgemv, and of the functions that tell and
// change the number of BLAS's own threads, or 0; whether integers have 64 bits.
struct Blas {
  std::uintptr_t gemm[2] = {0, 0};
  std::uintptr_t gemv[2] = {0, 0};
  std::uintptr_t get_threads = 0;
  std::uintptr_t set_threads = 0;
  bool wide = false;
};

void use_blas(const Blas& blas);

}  // namespace bibun

#endif
