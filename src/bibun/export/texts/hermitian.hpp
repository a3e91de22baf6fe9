/// Rising eigenvalues w of the Hermitian part of a = re + i im and its eigenvectors, the columns of
/// v, by Jacobi's method: each element is turned onto the real line, and then away. Each vector has
/// the phase in which its largest number is positive.
template <typename T>
inline bool hermitian(std::int64_t n, const T* re, const T* im, T* w, T* v_re, T* v_im, T* s, T* t,
                      T* x, T* y) {
  if (!all_finite(n * n, re) || !all_finite(n * n, im)) return false;
  T most = 0;
  for (const T* part : {re, im}) {
    for (std::int64_t i = 0; i < n * n; ++i) most = std::fmax(most, std::fabs(part[i]));
  }
  const T unit = balance(1, &most);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      s[i * n + j] = re[i * n + j] * unit / 2 + re[j * n + i] * unit / 2;
      t[i * n + j] = im[i * n + j] * unit / 2 - im[j * n + i] * unit / 2;
      x[i * n + j] = i == j;
      y[i * n + j] = 0;
    }
  }
  const bool done = swept(n, [&](std::int64_t p, std::int64_t q) {
    const T both = std::hypot(s[p * n + q], t[p * n + q]), gap = s[q * n + q] - s[p * n + p];
    const T eps = std::numeric_limits<T>::epsilon();
    const T size = std::sqrt(std::fabs(s[p * n + p] * s[q * n + q]));
    if (both <= eps * (eps + size / 4)) return false;
    const T cos = s[p * n + q] / both, sin = t[p * n + q] / both;
    for (std::int64_t i = 0; i < n; ++i) turned(1, cos, -sin, &s[i * n + q], &t[i * n + q]);
    turned(n, cos, sin, s + q * n, t + q * n);
    turned(n, cos, -sin, x + q * n, y + q * n);
    T c, d;
    angle(gap, both, &c, &d);
    for (T* part : {s, t}) {
      for (std::int64_t i = 0; i < n; ++i) turned(1, c, d, &part[i * n + p], &part[i * n + q]);
    }
    for (T* part : {s, t, x, y}) turned(n, c, d, part + p * n, part + q * n);
    for (T* part : {s, t}) part[p * n + q] = part[q * n + p] = 0;
    return true;
  });
  for (std::int64_t k = 0; k < n; ++k) {  // the least of those that are left comes next
    std::int64_t least = k, longest = 0;
    for (std::int64_t j = k + 1; j < n; ++j) {
      if (s[j * n + j] < s[least * n + least]) least = j;
    }
    std::swap(s[k * n + k], s[least * n + least]);
    for (T* part : {x, y}) {
      if (least != k) std::swap_ranges(part + k * n, part + k * n + n, part + least * n);
    }
    w[k] = s[k * n + k] / unit;
    const T *const a = x + k * n, *const b = y + k * n;
    for (std::int64_t i = 1; i < n; ++i) {
      if (std::hypot(a[i], b[i]) > std::hypot(a[longest], b[longest])) longest = i;
    }
    const T size = std::hypot(a[longest], b[longest]);
    const T cos = a[longest] / size, sin = b[longest] / size;
    for (std::int64_t i = 0; i < n; ++i) {
      v_re[i * n + k] = i == longest ? size : cos * a[i] + sin * b[i];
      v_im[i * n + k] = i == longest ? T(0) : cos * b[i] - sin * a[i];
    }
  }
  return done;
}
