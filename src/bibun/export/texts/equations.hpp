/// Whether one of n numbers is nan: pivoting may pass it by.
template <typename T>
inline bool spoiled(std::int64_t n, const T* x) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::isnan(x[i])) return true;
  }
  return false;
}

/// L and U of a in its place, and the row with which each row was exchanged, in `rows`. Whether no
/// pivot is zero. Golub and Van Loan, Matrix Computations, 2013, section 3.4.
template <typename T>
inline bool eliminated(std::int64_t n, T* a, std::int64_t* rows) {
  bool regular = true;
  for (std::int64_t k = 0; k < n; ++k) {
    std::int64_t p = k;
    for (std::int64_t i = k + 1; i < n; ++i) {
      if (std::fabs(a[i * n + k]) > std::fabs(a[p * n + k])) p = i;
    }
    rows[k] = p;
    if (p != k) std::swap_ranges(a + k * n, a + k * n + n, a + p * n);
    const T pivot = a[k * n + k];
    if (!(pivot < 0 || pivot > 0)) {
      regular = false;
      continue;
    }
    for (std::int64_t i = k + 1; i < n; ++i) {
      const T factor = a[i * n + k] / pivot;
      a[i * n + k] = factor;
      for (std::int64_t j = k + 1; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return regular;
}

/// x in place of the n x m matrix b, for t x = b with a triangle of t, or with its transpose.
template <typename T>
inline bool substituted(std::int64_t n, std::int64_t m, bool lower, bool transposed, bool unit,
                        const T* t, T* x) {
  const bool down = lower != transposed;
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t i = down ? k : n - 1 - k;
    for (std::int64_t l = 0; l < k; ++l) {
      const std::int64_t j = down ? l : n - 1 - l;
      const T factor = transposed ? t[j * n + i] : t[i * n + j];
      for (std::int64_t c = 0; c < m; ++c) x[i * m + c] -= factor * x[j * m + c];
    }
    if (unit) continue;
    const T pivot = t[i * n + i];
    if (!(pivot < 0 || pivot > 0) && !std::isnan(pivot)) return false;
    for (std::int64_t c = 0; c < m; ++c) x[i * m + c] /= pivot;
  }
  return true;
}

/// x in place of b, for a x = b or a^T x = b, from the L and U of a.
template <typename T>
inline bool resolved(std::int64_t n, std::int64_t m, bool transposed, const T* both,
                     const std::int64_t* rows, T* x) {
  const auto exchange = [&](std::int64_t k) {
    if (rows[k] != k) std::swap_ranges(x + k * m, x + k * m + m, x + rows[k] * m);
  };
  if (transposed) {
    if (!substituted(n, m, false, true, false, both, x)) return false;
    substituted(n, m, true, true, true, both, x);
    for (std::int64_t k = n - 1; k >= 0; --k) exchange(k);
    return true;
  }
  for (std::int64_t k = 0; k < n; ++k) exchange(k);
  substituted(n, m, true, false, true, both, x);
  return substituted(n, m, false, false, false, both, x);
}

/// y: the bits of L and U of a, and below them the exchanged rows.
template <typename T, typename Bits>
inline void factorised(std::int64_t n, const T* a, Bits* y, T* both, std::int64_t* rows) {
  std::copy(a, a + n * n, both);
  eliminated(n, both, rows);
  if (spoiled(n * n, a)) both[0] = std::numeric_limits<T>::quiet_NaN();
  std::memcpy(y, both, sizeof(T) * static_cast<std::size_t>(n * n));
  for (std::int64_t k = 0; k < n; ++k) y[n * n + k] = static_cast<Bits>(rows[k]);
}

/// x of a x = b or a^T x = b, b of m columns.
template <typename T>
inline bool solved(std::int64_t n, std::int64_t m, std::int64_t transposed, const T* a, const T* b,
                   T* x, T* both, std::int64_t* rows) {
  std::copy(a, a + n * n, both);
  std::copy(b, b + n * m, x);
  const bool bad = spoiled(n * n, a);
  if (bad) std::fill(x, x + n * m, std::numeric_limits<T>::quiet_NaN());
  return bad || (eliminated(n, both, rows) && resolved(n, m, transposed != 0, both, rows, x));
}

/// The same from what `factorised` has found.
template <typename T, typename Bits>
inline bool solved_again(std::int64_t n, std::int64_t m, std::int64_t transposed, const T*,
                         const T* b, const Bits* factors, T* x, T* both, std::int64_t* rows) {
  std::memcpy(both, factors, sizeof(T) * static_cast<std::size_t>(n * n));
  std::copy(b, b + n * m, x);
  for (std::int64_t k = 0; k < n; ++k) rows[k] = factors[n * n + k];
  const bool bad = std::isnan(both[0]);
  if (bad) std::fill(x, x + n * m, std::numeric_limits<T>::quiet_NaN());
  return bad || resolved(n, m, transposed != 0, both, rows, x);
}

/// x of t x = b or t^T x = b, where t is the lower triangle of a.
template <typename T>
inline bool solved_lower(std::int64_t n, std::int64_t m, std::int64_t transposed, const T* a,
                         const T* b, T* x) {
  std::copy(b, b + n * m, x);
  return substituted(n, m, true, transposed != 0, false, a, x);
}

/// y = a^-1, or its transpose.
template <typename T>
inline bool inverted(std::int64_t n, std::int64_t transposed, const T* a, T* y, T* both,
                     std::int64_t* rows) {
  std::copy(a, a + n * n, both);
  const bool bad = spoiled(n * n, a);
  std::fill(y, y + n * n, bad ? std::numeric_limits<T>::quiet_NaN() : T(0));
  for (std::int64_t i = 0; i < n && !bad; ++i) y[i * n + i] = 1;
  return bad || (eliminated(n, both, rows) && resolved(n, n, transposed != 0, both, rows, y));
}

/// The inverse, and nan if there is none.
template <typename T>
inline void inverted_quietly(std::int64_t n, const T* a, T* y, T* both, std::int64_t* rows) {
  if (!inverted(n, 0, a, y, both, rows)) {
    std::fill(y, y + n * n, std::numeric_limits<T>::quiet_NaN());
  }
}

/// y = det a.
template <typename T>
inline void determinant(std::int64_t n, const T* a, T* y, T* both, std::int64_t* rows) {
  std::copy(a, a + n * n, both);
  eliminated(n, both, rows);
  T product = spoiled(n * n, a) ? std::numeric_limits<T>::quiet_NaN() : T(1);
  for (std::int64_t k = 0; k < n; ++k) product *= rows[k] == k ? both[k * n + k] : -both[k * n + k];
  *y = product;
}

/// The sign of det a, and log |det a|.
template <typename T>
inline void log_determinant(std::int64_t n, const T* a, T* sign, T* size, T* both,
                            std::int64_t* rows) {
  std::copy(a, a + n * n, both);
  eliminated(n, both, rows);
  *sign = spoiled(n * n, a) ? std::numeric_limits<T>::quiet_NaN() : T(1);
  *size = *sign - 1;
  for (std::int64_t k = 0; k < n; ++k) {
    const T pivot = both[k * n + k];
    *size += std::log(std::fabs(pivot));
    if (!(pivot < 0 || pivot > 0)) *sign *= pivot;
    if ((pivot < 0) != (rows[k] != k)) *sign = -*sign;
  }
  if (!(*sign < 0 || *sign > 0) && !std::isnan(*sign)) {
    *sign = 0;
    *size = -std::numeric_limits<T>::infinity();
  }
}

/// The lower triangular y with y y^T = (a + a^T) / 2. Golub and Van Loan, section 4.2.
template <typename T>
inline bool cholesky(std::int64_t n, const T* a, T* y) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T rest = j > i ? T(0) : a[i * n + j] / 2 + a[j * n + i] / 2;
      for (std::int64_t k = 0; k < j && j <= i; ++k) rest -= y[i * n + k] * y[j * n + k];
      if (i == j && !(rest > 0)) return false;
      y[i * n + j] = j > i ? T(0) : i == j ? std::sqrt(rest) : rest / y[j * n + j];
    }
  }
  return true;
}
