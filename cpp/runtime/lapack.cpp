// Factorisations by LAPACK, whose functions compiled code hands over: those of SciPy.
//
// LAPACK counts columns first. What lies in rows is the transposed matrix there, which is told or
// turned. Each function says whether there is a result.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lapack.hpp"
#include "routines.hpp"

namespace bibun {
namespace {

template <class T>
struct Lapack {
  using Factorise = void (*)(int*, int*, T*, int*, int*, int*);                          // getrf
  using Resolve = void (*)(char*, int*, int*, T*, int*, int*, T*, int*, int*);           // getrs
  using Root = void (*)(char*, int*, T*, int*, int*);                                    // potrf
  using Eigen = void (*)(char*, char*, int*, T*, int*, T*, T*, int*, int*, int*, int*);  // syevd
  using Singular = void (*)(char*, int*, int*, T*, int*, T*, T*, int*, T*, int*, T*, int*, int*,
                            int*);                                                       // gesdd
  using Reflect = void (*)(int*, int*, T*, int*, T*, T*, int*, int*);                    // geqrf
  using Orthogonal = void (*)(int*, int*, int*, T*, int*, T*, T*, int*, int*);           // orgqr
  using Triangular = void (*)(char*, char*, char*, char*, int*, int*, T*, T*, int*, T*, int*);
};

template <class T>
bool has_nan(Size n, const T* x) {
  return std::any_of(x, x + n, [](T v) { return std::isnan(v); });
}

// The symmetric part of a: half of it and of its transpose. It goes by squares, so that both lie in
// the fastest memory.
template <class T>
void halves(Size n, const T* a, T* y) {
  constexpr Size kSquare = 16;
  for (Size row = 0; row < n; row += kSquare) {
    for (Size column = 0; column <= row; column += kSquare) {
      for (Size i = row; i < std::min(row + kSquare, n); ++i) {
        for (Size j = column; j < std::min(column + kSquare, i + 1); ++j) {
          y[i * n + j] = y[j * n + i] = a[i * n + j] * T(0.5) + a[j * n + i] * T(0.5);
        }
      }
    }
  }
}

// L and U of a matrix in columns, in its place.
template <class T>
bool factorise(Size n, T* a, int* pivots, typename Lapack<T>::Factorise getrf) {
  int size = static_cast<int>(n), info = 0;
  getrf(&size, &size, a, &size, pivots, &info);
  return info == 0;
}

template <class T>
void resolve(Size n, Size m, char turned, T* both, int* pivots, T* x,
             typename Lapack<T>::Resolve getrs) {
  int size = static_cast<int>(n), columns = static_cast<int>(m), info = 0;
  getrs(&turned, &size, &columns, both, &size, pivots, x, &size, &info);
}

// y: the bits of L and U of a in columns, and behind them which rows were exchanged, as floats.
template <class T>
void factors(Size n, const T* a, T* y, int* pivots, typename Lapack<T>::Factorise getrf) {
  if (has_nan(n * n, a)) {
    std::fill(y, y + n * n + n, std::numeric_limits<T>::quiet_NaN());
    return;
  }
  turn(n, n, a, y);
  factorise(n, y, pivots, getrf);
  for (Size k = 0; k < n; ++k) y[n * n + k] = static_cast<T>(pivots[k] - 1);
}

// x of a x = b or a^T x = b, b of m columns, from what `factors` has found.
template <class T>
bool solve_again(Size n, Size m, Size turned, const T*, const T* b, const T* found, T* x, T* both,
                 T* columns, int* pivots, typename Lapack<T>::Resolve getrs) {
  if (std::isnan(found[0])) {
    std::fill(x, x + n * m, std::numeric_limits<T>::quiet_NaN());
    return true;
  }
  for (Size k = 0; k < n; ++k) {
    if (found[k * n + k] == 0) return false;
    pivots[k] = static_cast<int>(found[n * n + k]) + 1;
  }
  std::copy(found, found + n * n, both);
  turn(n, m, b, columns);
  resolve(n, m, turned ? 'T' : 'N', both, pivots, columns, getrs);
  turn(m, n, columns, x);
  return true;
}

// The same from a itself.
template <class T>
bool solve(Size n, Size m, Size turned, const T* a, const T* b, T* x, T* both, T* columns,
           int* pivots, typename Lapack<T>::Factorise getrf, typename Lapack<T>::Resolve getrs) {
  if (has_nan(n * n, a)) {
    std::fill(x, x + n * m, std::numeric_limits<T>::quiet_NaN());
    return true;
  }
  std::copy(a, a + n * n, both);
  if (!factorise(n, both, pivots, getrf)) return false;
  turn(n, m, b, columns);
  resolve(n, m, turned ? 'N' : 'T', both, pivots, columns, getrs);
  turn(m, n, columns, x);
  return true;
}

// x of t x = b or t^T x = b, where t is the lower triangle of a.
template <class T>
bool solve_lower(Size n, Size m, Size turned, const T* a, const T* b, T* x,
                 typename Lapack<T>::Triangular trsm) {
  for (Size k = 0; k < n; ++k) {
    if (a[k * n + k] == 0) return false;
  }
  // In columns it is x^T u = b^T with the upper triangle u of a^T, from the right.
  char side = 'R', upper = 'U', way = turned ? 'T' : 'N', diagonal = 'N';
  int columns = static_cast<int>(m), size = static_cast<int>(n);
  T one = 1;
  std::copy(b, b + n * m, x);
  trsm(&side, &upper, &way, &diagonal, &columns, &size, &one, const_cast<T*>(a), &size, x,
       &columns);  // which only reads a
  return true;
}

// y = a^-1, or its transpose.
template <class T>
bool invert(Size n, Size turned, const T* a, T* y, T* both, int* pivots,
            typename Lapack<T>::Factorise getrf, typename Lapack<T>::Resolve getrs) {
  const bool bad = has_nan(n * n, a);
  std::fill(y, y + n * n, bad ? std::numeric_limits<T>::quiet_NaN() : T(0));
  if (bad) return true;
  std::copy(a, a + n * n, both);
  if (!factorise(n, both, pivots, getrf)) return false;
  for (Size i = 0; i < n; ++i) y[i * n + i] = 1;
  resolve(n, n, turned ? 'T' : 'N', both, pivots, y, getrs);
  return true;
}

// The sign of det a, and log |det a|; for the determinant alone `size` is null.
template <class T>
void determinant(Size n, const T* a, T* sign, T* size, T* both, int* pivots,
                 typename Lapack<T>::Factorise getrf) {
  std::copy(a, a + n * n, both);
  factorise(n, both, pivots, getrf);
  T product = 1, sum = 0;
  for (Size k = 0; k < n; ++k) {
    const T pivot = both[k * n + k];
    const bool exchanged = pivots[k] != static_cast<int>(k) + 1;
    if (size == nullptr) {
      product *= exchanged ? -pivot : pivot;
    } else {
      sum += std::log(std::fabs(pivot));
      if (!(pivot < 0 || pivot > 0)) product *= pivot;
      if ((pivot < 0) != exchanged) product = -product;
    }
  }
  *sign = product;
  if (size == nullptr) return;
  *size = sum;
  if (!(product < 0 || product > 0) && !std::isnan(product)) {
    *sign = 0;
    *size = -std::numeric_limits<T>::infinity();
  }
}

template <class T>
void det(Size n, const T* a, T* y, T* both, int* pivots, typename Lapack<T>::Factorise getrf) {
  determinant<T>(n, a, y, nullptr, both, pivots, getrf);
}

// The lower triangular y with y y^T = (a + a^T) / 2.
template <class T>
bool root(Size n, const T* a, T* y, typename Lapack<T>::Root potrf) {
  char upper = 'U';  // in columns
  int size = static_cast<int>(n), info = 0;
  halves(n, a, y);
  potrf(&upper, &size, y, &size, &info);
  for (Size i = 0; i < n; ++i) std::fill(y + i * n + i + 1, y + i * n + n, T(0));
  return info == 0;
}

// Rising eigenvalues w of (a + a^T) / 2, and, if they are wanted, its eigenvectors, the columns of v.
template <class T>
bool eigenvectors(Size n, Size room, Size integers, Size wanted, const T* a, T* w, T* v, T* both,
                  T* work, int* numbers, typename Lapack<T>::Eigen syevd) {
  if (!finite(n * n, a)) return false;
  char vectors = wanted ? 'V' : 'N', lower = 'L';
  int size = static_cast<int>(n), most = static_cast<int>(room), info = 0;
  int more = static_cast<int>(integers);
  halves(n, a, both);
  syevd(&vectors, &lower, &size, both, &size, w, work, &most, numbers, &more, &info);
  if (wanted) turn(n, n, both, v);
  return info == 0;
}

// Falling s of a = u diag(s) v^T, and, if they are wanted, u and v^T; u has `rows` columns, and v^T
// `columns` rows.
template <class T>
bool singular_values(Size m, Size n, Size rows, Size columns, Size room, Size wanted, const T* a,
                     T* u, T* s, T* v, T* both, T* left, T* right, T* work, int* numbers,
                     typename Lapack<T>::Singular gesdd) {
  if (!finite(m * n, a)) return false;
  char job = !wanted ? 'N' : rows == m && columns == n ? 'A' : 'S';
  int height = static_cast<int>(m), width = static_cast<int>(n), info = 0;
  int high = static_cast<int>(columns), most = static_cast<int>(room);
  turn(m, n, a, both);
  gesdd(&job, &height, &width, both, &height, s, left, &height, right, &high, work, &most, numbers,
        &info);
  if (wanted) {
    turn(rows, m, left, u);
    turn(n, columns, right, v);
  }
  return info == 0;
}

// What is left of b in the directions of the singular vectors that count, as those of the other
// side: x of least norm that makes |a x - b| least, for each of `count` columns of b. Singular
// values up to rtol times the largest count as 0. Without b it is the identity matrix.
template <class T>
bool least(Size m, Size n, Size count, double rtol, Size room, const T* a, const T* b, T* x, T* both,
           T* s, T* left, T* right, T* part, T* work, int* numbers,
           typename Lapack<T>::Singular gesdd) {
  if (!finite(m * n, a)) return false;
  char job = 'S';
  int height = static_cast<int>(m), width = static_cast<int>(n), info = 0;
  int most = static_cast<int>(room), rank = std::min(height, width);
  turn(m, n, a, both);
  gesdd(&job, &height, &width, both, &height, s, left, &height, right, &rank, work, &most, numbers,
        &info);
  std::fill(x, x + n * count, T(0));
  for (Size k = 0; k < rank; ++k) {
    if (!(s[k] > static_cast<T>(rtol) * s[0])) continue;
    if (b == nullptr) {
      std::copy(left + k * m, left + k * m + m, part);
    } else {
      std::fill(part, part + count, T(0));
      for (Size i = 0; i < m; ++i) {
        for (Size c = 0; c < count; ++c) part[c] += left[k * m + i] * b[i * count + c];
      }
    }
    for (Size i = 0; i < n; ++i) {
      const T factor = right[i * rank + k] / s[k];
      for (Size c = 0; c < count; ++c) x[i * count + c] += factor * part[c];
    }
  }
  return info == 0;
}

template <class T>
bool pseudo_inverse(Size m, Size n, double rtol, Size room, const T* a, T* x, T* both, T* s, T* left,
                    T* right, T* part, T* work, int* numbers,
                    typename Lapack<T>::Singular gesdd) {
  return least<T>(m, n, m, rtol, room, a, nullptr, x, both, s, left, right, part, work, numbers,
                  gesdd);
}

// q with `columns` orthonormal columns and the upper triangular r with a = q r. Whether the
// diagonal of r has no zero.
template <class T>
bool orthogonal(Size m, Size n, Size columns, Size room, const T* a, T* q, T* r, T* both, T* scales,
                T* work, typename Lapack<T>::Reflect geqrf, typename Lapack<T>::Orthogonal orgqr) {
  int height = static_cast<int>(m), width = static_cast<int>(n), info = 0;
  int wide = static_cast<int>(columns), most = static_cast<int>(room);
  int count = std::min(height, width);
  std::fill(both, both + m * std::max(n, columns), T(0));
  turn(m, n, a, both);
  geqrf(&height, &width, both, &height, scales, work, &most, &info);
  bool regular = info == 0;
  for (Size i = 0; i < columns; ++i) {
    for (Size j = 0; j < n; ++j) r[i * n + j] = i <= j ? both[j * m + i] : T(0);
    if (i < count && r[i * n + i] == 0) regular = false;
  }
  orgqr(&height, &wide, &count, both, &height, scales, work, &most, &info);
  turn(columns, m, both, q);
  return regular && info == 0;
}

#define BIBUN_LAPACKS(T, kind)                                                       \
  BIBUN_LAPACK(factors, T, kind), BIBUN_LAPACK(solve, T, kind),                        \
      BIBUN_LAPACK(solve_again, T, kind), BIBUN_LAPACK(solve_lower, T, kind),          \
      BIBUN_LAPACK(invert, T, kind), BIBUN_LAPACK(det, T, kind),                       \
      BIBUN_LAPACK(determinant, T, kind), BIBUN_LAPACK(root, T, kind),                 \
      BIBUN_LAPACK(eigenvectors, T, kind), BIBUN_LAPACK(singular_values, T, kind),     \
      BIBUN_LAPACK(orthogonal, T, kind), BIBUN_LAPACK(least, T, kind),                 \
      BIBUN_LAPACK(pseudo_inverse, T, kind)

}  // namespace

std::vector<Symbol> lapack_routines() {
  return {BIBUN_LAPACKS(float, "f32"), BIBUN_LAPACKS(double, "f64")};
}

}  // namespace bibun
