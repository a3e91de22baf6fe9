/// q with `columns` orthonormal columns and the upper triangular r with a = q r, by reflections as
/// LAPACK's: the signs are the same. Golub and Van Loan, Matrix Computations, 2013, section 5.2.
/// Whether the diagonal of r has no zero. In `v` the reflections I - scale v v^T, below ones.
template <typename T>
inline bool orthogonalised(std::int64_t m, std::int64_t n, std::int64_t columns, const T* a, T* q,
                           T* r, T* v, T* scales) {
  const std::int64_t most = m < n ? m : n;
  std::copy(a, a + m * n, v);
  const auto reflect = [&](std::int64_t k, T* x, std::int64_t width, std::int64_t from) {
    for (std::int64_t j = from; j < width; ++j) {
      T sum = x[k * width + j];
      for (std::int64_t i = k + 1; i < m; ++i) sum += v[i * n + k] * x[i * width + j];
      sum *= scales[k];
      x[k * width + j] -= sum;
      for (std::int64_t i = k + 1; i < m; ++i) x[i * width + j] -= sum * v[i * n + k];
    }
  };
  for (std::int64_t k = 0; k < most; ++k) {
    T below = 0;
    for (std::int64_t i = k + 1; i < m; ++i) below = std::hypot(below, v[i * n + k]);
    const T alpha = v[k * n + k];
    const T beta = -std::copysign(std::hypot(alpha, below), alpha);
    scales[k] = below > 0 ? (beta - alpha) / beta : T(0);
    for (std::int64_t i = k + 1; i < m && below > 0; ++i) v[i * n + k] /= alpha - beta;
    if (below > 0) v[k * n + k] = beta;
    reflect(k, v, n, k + 1);
  }
  bool regular = true;
  for (std::int64_t i = 0; i < columns; ++i) {
    for (std::int64_t j = 0; j < n; ++j) r[i * n + j] = i <= j ? v[i * n + j] : T(0);
    if (i < most && !(std::fabs(r[i * n + i]) > 0)) regular = false;
  }
  std::fill(q, q + m * columns, T(0));
  for (std::int64_t i = 0; i < columns; ++i) q[i * columns + i] = 1;
  for (std::int64_t k = most - 1; k >= 0; --k) reflect(k, q, columns, 0);
  return regular;
}
