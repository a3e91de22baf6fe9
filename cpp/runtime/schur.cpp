// Eigenvectors of matrices that are not symmetric, or complex, and what Schur's form gives: roots
// of matrices and Sylvester's equation. LAPACK's functions are those of SciPy (see lapack.cpp).
#include <cmath>
#include <limits>

#include "lapack.hpp"
#include "routines.hpp"

namespace bibun {
namespace {

using Eigen = void (*)(char*, char*, int*, double*, int*, double*, double*, double*, int*, double*,
                       int*, double*, int*, int*);  // dgeev
using Hermitian = void (*)(char*, char*, int*, double*, int*, double*, double*, int*, double*, int*,
                           int*, int*, int*);  // zheevd, whose complex numbers are pairs

template <class T>
struct Lapack {
  using Schur = void (*)(char*, char*, void*, int*, T*, int*, int*, T*, T*, T*, int*, T*, int*,
                         int*, int*);  // gees
  using Sylvester = void (*)(char*, char*, int*, int*, int*, T*, int*, T*, int*, T*, int*, T*,
                             int*);  // trsyl
  using Product = void (*)(char*, char*, int*, int*, int*, T*, T*, int*, T*, int*, T*, T*,
                           int*);  // gemm
};

// Eigenvalues w of a, and its eigenvectors of length 1, the columns of v. Whether they are real.
// As NumPy does, it takes double precision for float, too.
template <class T>
bool directions(Size n, Size room, const T* a, T* w, T* v, double* both, double* real,
                double* imaginary, double* right, double* work, Eigen geev) {
  if (!finite(n * n, a)) return false;
  char none = 'N', vectors = 'V';
  int size = static_cast<int>(n), most = static_cast<int>(room), info = 0;
  turn(n, n, a, both);
  geev(&none, &vectors, &size, both, &size, real, imaginary, nullptr, &size, right, &size, work,
       &most, &info);
  std::copy(real, real + n, w);
  turn(n, n, right, v);
  return info == 0 && std::all_of(imaginary, imaginary + n, [](double x) { return x == 0; });
}

// Rising eigenvalues w of the Hermitian part of a complex matrix, and its eigenvectors, the columns
// of v; `both` and `work` have complex numbers. It takes double precision, too.
template <class T>
bool hermitian(Size n, Size room, Size reals, Size integers, const T* re, const T* im, T* w, T* v_re,
               T* v_im, double* both, double* values, double* work, double* more, int* numbers,
               Hermitian heevd) {
  if (!finite(n * n, re) || !finite(n * n, im)) return false;
  char vectors = 'V', lower = 'L';
  int size = static_cast<int>(n), most = static_cast<int>(room), info = 0;
  int real = static_cast<int>(reals), whole = static_cast<int>(integers);
  for (Size i = 0; i < n; ++i) {
    for (Size j = 0; j < n; ++j) {  // columns first
      both[2 * (j * n + i)] = re[i * n + j] * T(0.5) + re[j * n + i] * T(0.5);
      both[2 * (j * n + i) + 1] = im[i * n + j] * T(0.5) - im[j * n + i] * T(0.5);
    }
  }
  heevd(&vectors, &lower, &size, both, &size, values, work, &most, more, &real, numbers, &whole,
        &info);
  std::copy(values, values + n, w);
  for (Size i = 0; i < n; ++i) {
    for (Size j = 0; j < n; ++j) {
      v_re[i * n + j] = static_cast<T>(both[2 * (j * n + i)]);
      v_im[i * n + j] = static_cast<T>(both[2 * (j * n + i) + 1]);
    }
  }
  return info == 0;
}

// a = q t q^T, where the columns of q are orthonormal; t, which takes the place of a, has on its
// diagonal numbers, and 2 x 2 matrices for pairs of eigenvalues.
template <class T>
bool triangular(Size n, Size room, T* a, T* q, T* work, typename Lapack<T>::Schur gees) {
  char vectors = 'V', any = 'N';
  int size = static_cast<int>(n), most = static_cast<int>(room), chosen = 0, info = 0;
  T* const values = work;  // the eigenvalues, which nobody asks for
  gees(&vectors, &any, nullptr, &size, a, &size, &chosen, values, values + n, q, &size,
       values + 2 * n, &most, nullptr, &info);
  return info == 0;
}

// y = factor x z, where x or z may be turned, of matrices in columns; y is m x n.
template <class T>
void product(Size m, Size n, Size k, char x_turned, T* x, char z_turned, T* z, T factor, T* y,
             typename Lapack<T>::Product gemm) {
  int rows = static_cast<int>(m), columns = static_cast<int>(n), inner = static_cast<int>(k);
  int* const x_rows = x_turned == 'T' ? &inner : &rows;
  int* const z_rows = z_turned == 'T' ? &columns : &inner;
  T zero = 0;
  gemm(&x_turned, &z_turned, &rows, &columns, &inner, &factor, x, x_rows, z, z_rows, &zero, y,
       &rows);
}

// The m x n matrix x of a x + x b = c (Bartels and Stewart 1972); nan if it is not the only one.
// In columns this is p y + y q = d with p = b^T, q = a^T, d = c^T, and y = x^T.
template <class T>
bool sylvester(Size m, Size n, Size room, const T* a, const T* b, const T* c, T* x, T* p, T* q,
               T* left, T* right, T* inner, T* work, typename Lapack<T>::Schur gees,
               typename Lapack<T>::Sylvester trsyl, typename Lapack<T>::Product gemm) {
  std::fill(x, x + m * n, std::numeric_limits<T>::quiet_NaN());
  if (!finite(m * m, a) || !finite(n * n, b)) return true;
  std::copy(b, b + n * n, p);
  std::copy(a, a + m * m, q);
  if (!triangular<T>(n, room, p, left, work, gees)) return false;
  if (!triangular<T>(m, room, q, right, work, gees)) return false;
  product<T>(n, m, n, 'T', left, 'N', const_cast<T*>(c), 1, inner, gemm);  // which only reads c
  product<T>(n, m, m, 'N', inner, 'N', right, 1, x, gemm);
  char as_is = 'N';
  int sign = 1, rows = static_cast<int>(n), columns = static_cast<int>(m), info = 0;
  T scale = 1;
  trsyl(&as_is, &as_is, &sign, &rows, &columns, p, &rows, q, &columns, x, &rows, &scale, &info);
  if (info != 0) {
    std::fill(x, x + m * n, std::numeric_limits<T>::quiet_NaN());
    return true;
  }
  product<T>(n, m, n, 'N', left, 'N', x, 1 / scale, inner, gemm);
  product<T>(n, m, m, 'N', inner, 'T', right, 1, x, gemm);
  return true;
}

// The square root of a triangular matrix in columns with 2 x 2 matrices on its diagonal, in its
// place. With [[t, u], [0, v]] it is [[r, x], [0, s]] of r^2 = t, s^2 = v and r x + x s = u
// (Deadman, Higham and Ralha, Blocked Schur algorithms for computing the matrix square root, 2013).
template <class T>
bool root_in_place(Size n, Size step, T* t, typename Lapack<T>::Sylvester trsyl) {
  if (n == 1) {
    if (!(t[0] > 0)) return false;
    t[0] = std::sqrt(t[0]);
    return true;
  }
  if (n == 2 && t[1] != 0) {  // eigenvalues p + i q and p - i q, with roots of one real part
    const T p = t[0], q = std::sqrt(std::fabs(t[1])) * std::sqrt(std::fabs(t[step]));
    const T size = std::hypot(p, q);
    const T real = p > 0 ? std::sqrt((size + p) / 2) : q / std::sqrt(2 * (size - p));
    t[0] = t[step + 1] = real;
    t[1] /= 2 * real;
    t[step] /= 2 * real;
    return true;
  }
  const Size half = n / 2, k = t[half + (half - 1) * step] == 0 ? half : half + 1;
  T *const v = t + k * (step + 1), *const u = t + k * step;
  if (!root_in_place<T>(k, step, t, trsyl) || !root_in_place<T>(n - k, step, v, trsyl)) return false;
  char as_is = 'N';
  int sign = 1, rows = static_cast<int>(k), columns = static_cast<int>(n - k), info = 0;
  int distance = static_cast<int>(step);
  T scale = 1;
  trsyl(&as_is, &as_is, &sign, &rows, &columns, t, &distance, v, &distance, u, &distance, &scale,
        &info);
  return info == 0 && scale == 1;
}

// The principal y with y y = a; whether a has one that is real, and no eigenvalue that is almost 0.
template <class T>
bool square_root(Size n, Size room, const T* a, T* y, T* t, T* q, T* work,
                 typename Lapack<T>::Schur gees, typename Lapack<T>::Sylvester trsyl,
                 typename Lapack<T>::Product gemm) {
  if (!finite(n * n, a)) {
    std::fill(y, y + n * n, std::numeric_limits<T>::quiet_NaN());
    return true;
  }
  std::copy(a, a + n * n, t);  // in columns it is a^T, of which the root is y^T
  if (!triangular<T>(n, room, t, q, work, gees)) return false;
  if (!root_in_place<T>(n, n, t, trsyl)) return false;
  product<T>(n, n, n, 'N', q, 'N', t, 1, work, gemm);
  product<T>(n, n, n, 'N', work, 'T', q, 1, y, gemm);
  return true;
}

#define BIBUN_SCHUR(T, kind)                                            \
  BIBUN_LAPACK(directions, T, kind), BIBUN_LAPACK(hermitian, T, kind),  \
      BIBUN_LAPACK(sylvester, T, kind), BIBUN_LAPACK(square_root, T, kind)

}  // namespace

std::vector<Symbol> schur_routines() {
  return {BIBUN_SCHUR(float, "f32"), BIBUN_SCHUR(double, "f64")};
}

}  // namespace bibun
