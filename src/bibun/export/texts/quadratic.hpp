/// The x of a x + x b = c, for m x m and n x n matrices a and b, as m n equations: nan where they have
/// no solution, or many.
template <typename T>
inline void sylvester(std::int64_t m, std::int64_t n, const T* a, const T* b, const T* c, T* x,
                      T* both, std::int64_t* rows) {
  const std::int64_t size = m * n;
  std::fill(both, both + size * size, T(0));
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T* const equation = both + (i * n + j) * size;
      for (std::int64_t k = 0; k < m; ++k) equation[k * n + j] += a[i * m + k];
      for (std::int64_t k = 0; k < n; ++k) equation[i * n + k] += b[k * n + j];
    }
  }
  std::copy(c, c + size, x);
  if (spoiled(size * size, both) || !eliminated(size, both, rows) ||
      !resolved(size, 1, false, both, rows, x)) {
    std::fill(x, x + size, std::numeric_limits<T>::quiet_NaN());
  }
}

/// The principal square root x of a, by the product form of Denman and Beavers' iteration, scaled by
/// determinants: Higham, Functions of matrices, 2008, equations 6.29 and 6.32. nan where it is not
/// real; whether a is regular. `memory` is that of four matrices.
template <typename T>
inline bool square_root(std::int64_t n, const T* a, T* x, T* memory, std::int64_t* rows) {
  const std::int64_t size = n * n;
  T *const m = memory, *const inverse = m + size, *const both = inverse + size, *const old = both + size;
  std::copy(a, a + size, m);
  std::copy(a, a + size, x);
  for (int step = 0; step < 60; ++step) {
    T sign, log_size, away = 0;
    log_determinant(n, m, &sign, &log_size, both, rows);
    if (!inverted(n, 0, m, inverse, both, rows)) {
      if (step == 0) return false;
      break;
    }
    for (std::int64_t i = 0; i < size; ++i) {
      away = std::fmax(away, std::fabs(m[i] - (i % (n + 1) == 0 ? T(1) : T(0))));
    }
    if (away < 8 * static_cast<T>(n) * std::numeric_limits<T>::epsilon()) return true;
    // Scaled far from the root only: near it the iteration is quadratic by itself.
    const T scale = away > T(0.01) ? std::exp(-log_size / static_cast<T>(2 * n)) : T(1);
    std::copy(x, x + size, old);
    for (std::int64_t i = 0; i < size; ++i) {
      const T one = i % (n + 1) == 0 ? T(1) : T(0);
      both[i] = scale / 2 * (one + inverse[i] / (scale * scale));
      m[i] = (one + (scale * scale * m[i] + inverse[i] / (scale * scale)) / 2) / 2;
    }
    multiplied(n, old, both, x);
  }
  std::fill(x, x + size, std::numeric_limits<T>::quiet_NaN());
  return true;
}
