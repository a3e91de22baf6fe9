/// Whether all of n numbers are finite.
template <typename T>
inline bool all_finite(std::int64_t n, const T* x) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(x[i])) return false;
  }
  return true;
}

template <typename T>
inline T dotted(std::int64_t n, const T* x, const T* y) {
  T sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

/// x and y turned by an angle: c x - s y and s x + c y.
template <typename T>
inline void turned(std::int64_t n, T c, T s, T* x, T* y) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T old = x[i];
    x[i] = c * old - s * y[i];
    y[i] = s * old + c * y[i];
  }
}

/// The smaller of the angles that make the product of two columns zero, as its cosine and sine.
/// `gap` is the difference of their own products, `both` their product. Golub and Van Loan, Matrix
/// Computations, 2013, section 8.5.
template <typename T>
inline void angle(T gap, T both, T* c, T* s) {
  const T tau = gap / (2 * both);
  const T t = std::copysign(T(1), tau) / (std::fabs(tau) + std::hypot(T(1), tau));
  *c = 1 / std::hypot(T(1), t);
  *s = t * *c;
}

/// Jacobi's sweeps: `turn` for all pairs of n columns, until none of them needed it. Whether so.
template <typename Turn>
inline bool swept(std::int64_t n, const Turn& turn) {
  bool going = true;
  for (int sweep = 0; going && sweep < 60; ++sweep) {
    going = false;
    for (std::int64_t p = 0; p < n; ++p) {
      for (std::int64_t q = p + 1; q < n; ++q) going = turn(p, q) || going;
    }
  }
  return !going;
}

/// A power of two by which numbers near 1 result: their squares stay in range.
template <typename T>
inline T balance(std::int64_t n, const T* x) {
  T most = 0;
  for (std::int64_t i = 0; i < n; ++i) most = std::fabs(x[i]) > most ? std::fabs(x[i]) : most;
  const int power = std::ilogb(most > 0 ? most : T(1)), least = std::numeric_limits<T>::min_exponent;
  return std::ldexp(T(1), -(power < least ? least : power));
}

/// Rising eigenvalues w of (a + a^T) / 2 and its eigenvectors, the columns of v, by Jacobi's
/// method. Each vector has the sign that makes its largest number positive.
template <typename T>
inline bool eigen(std::int64_t n, const T* a, T* w, T* v, T* s, T* vectors) {
  if (!all_finite(n * n, a)) return false;
  const T unit = balance(n * n, a);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      s[i * n + j] = a[i * n + j] * unit / 2 + a[j * n + i] * unit / 2;
      vectors[i * n + j] = i == j;
    }
  }
  const bool done = swept(n, [&](std::int64_t p, std::int64_t q) {
    const T both = s[p * n + q], x = s[p * n + p], y = s[q * n + q];
    const T eps = std::numeric_limits<T>::epsilon();
    if (std::fabs(both) <= eps * (eps + std::sqrt(std::fabs(x * y)) / 4)) return false;
    T c, d;
    angle(y - x, both, &c, &d);
    for (std::int64_t i = 0; i < n; ++i) turned(1, c, d, &s[i * n + p], &s[i * n + q]);
    turned(n, c, d, s + p * n, s + q * n);
    turned(n, c, d, vectors + p * n, vectors + q * n);
    s[p * n + q] = s[q * n + p] = 0;
    return true;
  });
  for (std::int64_t k = 0; k < n; ++k) {  // the least of those that are left comes next
    std::int64_t least = k;
    for (std::int64_t j = k + 1; j < n; ++j) {
      if (s[j * n + j] < s[least * n + least]) least = j;
    }
    std::swap(s[k * n + k], s[least * n + least]);
    if (least != k) std::swap_ranges(vectors + k * n, vectors + k * n + n, vectors + least * n);
    w[k] = s[k * n + k] / unit;
    const T* column = vectors + k * n;
    const T most = *std::max_element(
        column, column + n, [](T x, T y) { return std::fabs(x) < std::fabs(y); });
    for (std::int64_t i = 0; i < n; ++i) v[i * n + k] = most < 0 ? -column[i] : column[i];
  }
  return done;
}

/// Vectors `from` ... `to` - 1 of n numbers each, orthonormal to each other and all before.
template <typename T>
inline void completed(std::int64_t n, std::int64_t from, std::int64_t to, T* vectors) {
  for (std::int64_t k = from; k < to; ++k) {
    T* found = vectors + k * n;
    for (std::int64_t axis = 0; axis < n; ++axis) {
      std::fill(found, found + n, T(0));
      found[axis] = 1;
      for (int twice = 0; twice < 2; ++twice) {
        for (std::int64_t j = 0; j < k; ++j) {
          const T part = dotted(n, vectors + j * n, found);
          for (std::int64_t i = 0; i < n; ++i) found[i] -= part * vectors[j * n + i];
        }
      }
      const T size = std::sqrt(dotted(n, found, found));
      if (size * size * static_cast<T>(2 * n) < 1) continue;  // some axis is farther away
      for (std::int64_t i = 0; i < n; ++i) found[i] /= size;
      break;
    }
  }
}

/// The singular value decomposition of an m x n matrix: s falls, the k longer vectors are rows of
/// `longer`, further ones up to `all`, and the k shorter ones rows of `shorter`, k = min(m, n).
/// By turns of columns: Golub and Van Loan, section 8.6.3.
template <typename T>
inline bool decomposed(std::int64_t m, std::int64_t n, std::int64_t all, const T* a, T* s,
                       T* longer, T* shorter) {
  if (!all_finite(m * n, a)) return false;
  const std::int64_t k = m < n ? m : n, size = m < n ? n : m;
  const T unit = balance(m * n, a);
  for (std::int64_t j = 0; j < k; ++j) {
    for (std::int64_t i = 0; i < size; ++i) {
      longer[j * size + i] = (m < n ? a[j * n + i] : a[i * n + j]) * unit;
    }
    for (std::int64_t i = 0; i < k; ++i) shorter[j * k + i] = i == j;
  }
  const bool done = swept(k, [&](std::int64_t p, std::int64_t q) {
    T *const x = longer + p * size, *const y = longer + q * size;
    const T xx = dotted(size, x, x), yy = dotted(size, y, y), xy = dotted(size, x, y);
    const T least = std::numeric_limits<T>::epsilon() * std::sqrt(xx * yy);
    if (std::fabs(xy) <= least || std::fabs(xy) < std::numeric_limits<T>::min()) return false;
    T c, d;
    angle(yy - xx, xy, &c, &d);
    turned(size, c, d, x, y);
    turned(k, c, d, shorter + p * k, shorter + q * k);
    return true;
  });
  std::int64_t rank = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    std::int64_t most = j;
    for (std::int64_t i = j; i < k; ++i) {
      s[i] = std::sqrt(dotted(size, longer + i * size, longer + i * size));
      if (s[i] > s[most]) most = i;
    }
    if (most != j) {
      std::swap_ranges(longer + j * size, longer + j * size + size, longer + most * size);
      std::swap_ranges(shorter + j * k, shorter + j * k + k, shorter + most * k);
      std::swap(s[j], s[most]);
    }
    if (s[j] > 0) ++rank;
    for (std::int64_t i = 0; i < size && s[j] > 0; ++i) longer[j * size + i] /= s[j];
    s[j] /= unit;
  }
  completed(size, rank, all, longer);
  return done;
}

/// u, s and v^T with a = u diag(s) v^T; u and v have `all` columns if they have more rows.
template <typename T>
inline bool singular(std::int64_t m, std::int64_t n, std::int64_t all, const T* a, T* u, T* s,
                     T* v, T* longer, T* shorter) {
  if (!decomposed(m, n, all, a, s, longer, shorter)) return false;
  const std::int64_t k = m < n ? m : n, size = m < n ? n : m;
  T *const thin = m < n ? u : v, *const wide = m < n ? v : u;
  // u has vectors as columns, and v as rows.
  for (std::int64_t j = 0; j < all; ++j) {
    for (std::int64_t i = 0; i < size; ++i) wide[m < n ? j * size + i : i * all + j] = longer[j * size + i];
  }
  for (std::int64_t j = 0; j < k; ++j) {
    for (std::int64_t i = 0; i < k; ++i) thin[m < n ? i * k + j : j * k + i] = shorter[j * k + i];
  }
  return true;
}

/// Calls `take` with the singular value and the vectors u and v of each direction of a, but not for
/// values up to rtol times the largest.
template <typename T, typename Take>
inline bool in_directions(std::int64_t m, std::int64_t n, double rtol, const T* a, T* s, T* longer,
                          T* shorter, const Take& take) {
  const std::int64_t k = m < n ? m : n;
  if (!decomposed(m, n, k, a, s, longer, shorter)) return false;
  const T *const u = m < n ? shorter : longer, *const v = m < n ? longer : shorter;
  for (std::int64_t j = 0; j < k; ++j) {
    if (s[j] > static_cast<T>(rtol) * s[0]) take(s[j], u + j * m, v + j * n);
  }
  return true;
}

/// x of least norm that makes |a x - b| least, for each of `columns` columns of b; singular values
/// below rtol times the largest count as 0.
template <typename T>
inline bool least_squares(std::int64_t m, std::int64_t n, std::int64_t columns, double rtol,
                          const T* a, const T* b, T* x, T* s, T* longer, T* shorter) {
  std::fill(x, x + n * columns, T(0));
  return in_directions(m, n, rtol, a, s, longer, shorter, [&](T value, const T* u, const T* v) {
    for (std::int64_t c = 0; c < columns; ++c) {
      T part = 0;
      for (std::int64_t i = 0; i < m; ++i) part += u[i] * b[i * columns + c];
      part /= value;
      for (std::int64_t i = 0; i < n; ++i) x[i * columns + c] += part * v[i];
    }
  });
}

/// The pseudo-inverse y of a.
template <typename T>
inline bool pseudo_inverse(std::int64_t m, std::int64_t n, double rtol, const T* a, T* y, T* s,
                           T* longer, T* shorter) {
  std::fill(y, y + n * m, T(0));
  return in_directions(m, n, rtol, a, s, longer, shorter, [&](T value, const T* u, const T* v) {
    for (std::int64_t i = 0; i < n; ++i) {
      const T part = v[i] / value;
      for (std::int64_t c = 0; c < m; ++c) y[i * m + c] += part * u[c];
    }
  });
}
