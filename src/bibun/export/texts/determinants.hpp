/// The gradient of det a, differentiated along `m` matrices, which commute: from singular values, and
/// so also for singular matrices. With a = u^T diag(s) v and all t' = u t v^T, the determinant of
/// diag(s) + t' is a sum of products: each takes t' from some rows, in columns that are these in
/// another order, and s from all other ones. Of the last row the place is open.
template <typename T>
inline void cofactors_of(std::int64_t n, std::int64_t m, const T* a, const T* const* along, T* y,
                         T* s, T* u, T* v, T* inner, T* moved, T* both, std::int64_t* rows) {
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
  for (std::int64_t l = 0; l < m; ++l) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        T sum = 0;
        for (std::int64_t k = 0; k < n; ++k) sum += u[i * n + k] * dotted(n, along[l] + k * n, v + j * n);
        moved[(l * n + i) * n + j] = sum;
      }
    }
  }
  std::fill(inner, inner + n * n, T(0));
  std::int64_t at[4] = {0, 0, 0, 0}, order[4];
  for (std::int64_t digit = 0; digit >= 0;) {
    T product = sign;
    for (std::int64_t i = 0; i < m; ++i) {
      if (std::find(at + i + 1, at + m + 1, at[i]) != at + m + 1) product = 0;
    }
    for (std::int64_t k = 0; k < n; ++k) {
      if (std::find(at, at + m + 1, k) == at + m + 1) product *= s[k];
    }
    for (std::int64_t i = 0; i <= m; ++i) order[i] = i;
    do {
      T term = product;
      for (std::int64_t i = 0; i <= m; ++i) {
        for (std::int64_t j = i + 1; j <= m; ++j) term = order[i] > order[j] ? -term : term;
        if (i < m) term *= moved[(i * n + at[i]) * n + at[order[i]]];
      }
      inner[at[m] * n + at[order[m]]] += term;
    } while (product != 0 && std::next_permutation(order, order + m + 1));
    for (digit = m; digit >= 0 && ++at[digit] == n; --digit) at[digit] = 0;
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
  cofactors_of<T>(n, 0, a, nullptr, y, s, u, v, inner, nullptr, both, rows);
}
template <typename T>
inline void cofactors_along(std::int64_t n, const T* a, const T* t, T* y, T* s, T* u, T* v,
                            T* inner, T* moved, T* both, std::int64_t* rows) {
  cofactors_of(n, 1, a, &t, y, s, u, v, inner, moved, both, rows);
}
template <typename T>
inline void cofactors_along_two(std::int64_t n, const T* a, const T* t1, const T* t2, T* y, T* s,
                                T* u, T* v, T* inner, T* moved, T* both, std::int64_t* rows) {
  const T* const along[] = {t1, t2};
  cofactors_of(n, 2, a, along, y, s, u, v, inner, moved, both, rows);
}
template <typename T>
inline void cofactors_along_three(std::int64_t n, const T* a, const T* t1, const T* t2,
                                  const T* t3, T* y, T* s, T* u, T* v, T* inner, T* moved, T* both,
                                  std::int64_t* rows) {
  const T* const along[] = {t1, t2, t3};
  cofactors_of(n, 3, a, along, y, s, u, v, inner, moved, both, rows);
}
