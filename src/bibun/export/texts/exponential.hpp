/// y = x z of n x n matrices.
template <typename T>
inline void multiplied(std::int64_t n, const T* x, const T* z, T* y) {
  std::fill(y, y + n * n, T(0));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < n; ++k) {
      for (std::int64_t j = 0; j < n; ++j) y[i * n + j] += x[i * n + k] * z[k * n + j];
    }
  }
}

/// y = e^a: a Pade approximant of a / 2^k, squared k times. Higham, The scaling and squaring method
/// for the matrix exponential revisited, 2005. Memory for seven matrices.
template <typename T>
inline bool exponential(std::int64_t n, const T* a, T* y, T* memory, std::int64_t* rows) {
  static const double coefficients[] = {64764752532480000, 32382376266240000, 7771770303897600,
                                        1187353796428800,  129060195264000,   10559470521600,
                                        670442572800,      33522128640,       1323241920,
                                        40840800,          960960,            16380,
                                        182,               1};
  const auto c = [](int k) { return static_cast<T>(coefficients[k] / coefficients[0]); };
  const std::int64_t size = n * n;
  T *const x = memory, *const x2 = x + size, *const x4 = x2 + size, *const x6 = x4 + size;
  T *const odd = x6 + size, *const even = odd + size, *const work = even + size;
  T norm = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    T sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += std::fabs(a[i * n + j]);
    norm = sum > norm || std::isnan(sum) ? sum : norm;
  }
  if (!std::isfinite(norm)) {
    std::fill(y, y + size, std::numeric_limits<T>::quiet_NaN());
    return true;
  }
  int squarings = 0;
  for (T left = norm; left > T(4.25); left /= 2) ++squarings;
  for (std::int64_t i = 0; i < size; ++i) x[i] = std::ldexp(a[i], -squarings);
  multiplied(n, x, x, x2);
  multiplied(n, x2, x2, x4);
  multiplied(n, x4, x2, x6);
  const auto sum = [&](int first, T* to) {  // of the terms with every other power
    for (std::int64_t i = 0; i < size; ++i) work[i] = c(first + 12) * x6[i] + c(first + 10) * x4[i] + c(first + 8) * x2[i];
    multiplied(n, x6, work, to);
    for (std::int64_t i = 0; i < size; ++i) to[i] += c(first + 6) * x6[i] + c(first + 4) * x4[i] + c(first + 2) * x2[i];
    for (std::int64_t i = 0; i < n; ++i) to[i * n + i] += c(first);
  };
  sum(0, even);
  sum(1, y);
  multiplied(n, x, y, odd);
  for (std::int64_t i = 0; i < size; ++i) {
    work[i] = even[i] - odd[i];
    y[i] = even[i] + odd[i];
  }
  if (!eliminated(n, work, rows) || !resolved(n, n, false, work, rows, y)) return false;
  for (int k = 0; k < squarings; ++k) {
    std::copy(y, y + size, work);
    multiplied(n, work, work, y);
  }
  return true;
}

/// y: the derivative of e^a along e, a block of the exponential of [[a, e], [0, a]], with e scaled
/// to the size of a. Higham, Functions of matrices, 2008, equation 3.16. `large`: 2n x 2n, twice.
template <typename T>
inline bool exponential_along(std::int64_t n, const T* a, const T* e, T* y, T* large, T* result,
                              T* memory, std::int64_t* rows) {
  T of_a = 0, of_e = 0;
  for (std::int64_t i = 0; i < n * n; ++i) {
    of_a = std::fmax(of_a, std::fabs(a[i]));
    of_e = std::fmax(of_e, std::fabs(e[i]));
  }
  const T scale = of_e > 0 ? (of_a > 0 ? of_a : T(1)) / of_e : T(1);
  std::fill(large, large + 4 * n * n, T(0));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      large[i * 2 * n + j] = large[(n + i) * 2 * n + n + j] = a[i * n + j];
      large[i * 2 * n + n + j] = e[i * n + j] * scale;
    }
  }
  if (!exponential(2 * n, large, result, memory, rows)) return false;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) y[i * n + j] = result[i * 2 * n + n + j] / scale;
  }
  return true;
}
