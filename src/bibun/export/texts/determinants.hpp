/// The gradient of det a, and, along one matrix t, the derivative of that gradient: from singular
/// values, and so also for singular matrices. With a = u diag(s) v and the products p of all s but
/// some, det(u) det(v) u diag(p_i) v; along t' = u^T t v^T the diagonal has sum_k p_ik t'_kk, and
/// beside it is -p_ij t'_ji.
template <typename T>
inline void cofactors_of(std::int64_t n, const T* a, const T* t, T* y, T* s, T* u, T* v, T* inner,
                         T* moved, T* both, std::int64_t* rows) {
  if (!decomposed(n, n, n, a, s, u, v)) {
    std::fill(y, y + n * n, std::numeric_limits<T>::quiet_NaN());
    return;
  }
  T sign = 1, size;  // u and v have the vectors as rows; of determinants rows or columns are one
  for (const T* x : {u, v}) {
    T part;
    log_determinant(n, x, &part, &size, both, rows);
    sign *= part;
  }
  const auto others = [&](std::int64_t i, std::int64_t j) {
    T product = sign;
    for (std::int64_t k = 0; k < n; ++k) product *= k == i || k == j ? T(1) : s[k];
    return product;
  };
  std::fill(inner, inner + n * n, T(0));
  for (std::int64_t i = 0; i < n && t == nullptr; ++i) inner[i * n + i] = others(i, i);
  if (t != nullptr) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        moved[i * n + j] = 0;
        for (std::int64_t k = 0; k < n; ++k) moved[i * n + j] += u[i * n + k] * dotted(n, t + k * n, v + j * n);
      }
    }
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        if (i == j) continue;
        inner[i * n + j] -= others(i, j) * moved[j * n + i];
        inner[i * n + i] += others(i, j) * moved[j * n + j];
      }
    }
  }
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T sum = 0;
      for (std::int64_t k = 0; k < n; ++k) {
        T part = 0;
        for (std::int64_t l = 0; l < n; ++l) part += inner[k * n + l] * v[l * n + j];
        sum += u[k * n + i] * part;
      }
      y[i * n + j] = sum;
    }
  }
}

template <typename T>
inline void cofactors(std::int64_t n, const T* a, T* y, T* s, T* u, T* v, T* inner, T* both,
                      std::int64_t* rows) {
  cofactors_of<T>(n, a, nullptr, y, s, u, v, inner, nullptr, both, rows);
}
template <typename T>
inline void cofactors_along(std::int64_t n, const T* a, const T* t, T* y, T* s, T* u, T* v,
                            T* inner, T* moved, T* both, std::int64_t* rows) {
  cofactors_of(n, a, t, y, s, u, v, inner, moved, both, rows);
}
