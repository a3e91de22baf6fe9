/// Rotates rows k and l of h, of its transposed vectors in q, and columns k and l of h up to row
/// `last`: a similarity. From column `first` on the rows are not zero.
template <typename T>
inline void turned_both(std::int64_t n, std::int64_t first, std::int64_t last, std::int64_t k,
                        std::int64_t l, T x, T y, T* h, T* q) {
  const T r = std::hypot(x, y), c = x / r, s = -y / r;  // (x, y) becomes (r, 0)
  turned(n - first, c, s, h + k * n + first, h + l * n + first);
  for (std::int64_t i = 0; i <= last; ++i) turned(1, c, s, h + i * n + k, h + i * n + l);
  turned(n, c, s, q + k * n, q + l * n);
}

/// One step of QR between rows `low` and `high` of a Hessenberg matrix, with a shift.
template <typename T>
inline void chased(std::int64_t n, std::int64_t low, std::int64_t high, T shift, T* h, T* q) {
  T x = h[low * n + low] - shift, y = h[(low + 1) * n + low];
  for (std::int64_t k = low; k < high; ++k) {
    if (k > low) {
      x = h[k * n + k - 1];
      y = h[(k + 1) * n + k - 1];
    }
    if (y < 0 || y > 0) {
      const std::int64_t last = k + 2 < high ? k + 2 : high;
      turned_both(n, k > low ? k - 1 : low, last, k, k + 1, x, y, h, q);
    }
    if (k > low) h[(k + 1) * n + k - 1] = 0;
  }
}

/// The triangular h and the orthogonal q with q a q^T = h; whether all eigenvalues are real. Golub
/// and Van Loan, Matrix Computations, 2013, sections 7.4 and 7.5, with Wilkinson's shift.
template <typename T>
inline bool triangular(std::int64_t n, T* h, T* q) {
  for (std::int64_t k = 0; k + 2 < n; ++k) {
    for (std::int64_t i = k + 2; i < n; ++i) {
      const T x = h[(k + 1) * n + k], y = h[i * n + k];
      if (y < 0 || y > 0) turned_both(n, k, n - 1, k + 1, i, x, y, h, q);
      h[i * n + k] = 0;
    }
  }
  std::int64_t high = n - 1, rounds = 0;
  while (high > 0) {
    std::int64_t low = high;
    for (; low > 0; --low) {
      T& below = h[low * n + low - 1];
      const T beside = std::fabs(h[low * n + low]) + std::fabs(h[(low - 1) * n + low - 1]);
      if (std::fabs(below) > std::numeric_limits<T>::epsilon() * beside + std::numeric_limits<T>::min()) continue;
      below = 0;
      break;
    }
    if (low == high) {
      --high;
      rounds = 0;
      continue;
    }
    const T *const row = h + high * n + high, *const above = row - n;
    const T half = (above[-1] - row[0]) / 2, both = row[-1] * above[0], square = half * half + both;
    if ((square < 0 && low + 1 == high) || ++rounds > 200) return false;
    const T root = std::copysign(std::sqrt(square > 0 ? square : T(0)), half), whole = half + root;
    T shift = row[0] + (square < 0 ? half : whole < 0 || whole > 0 ? -both / whole : T(0));
    if (rounds % 12 == 0) shift += std::fabs(row[-1]);  // where it goes round in circles
    chased(n, low, high, shift, h, q);
  }
  return true;
}

/// Eigenvalues w and eigenvectors of length 1, the columns of v, of a matrix whose eigenvalues are
/// real. Each vector has the sign that makes its largest number positive.
template <typename T>
inline bool directions(std::int64_t n, const T* a, T* w, T* v, T* h, T* q, T* x) {
  if (!all_finite(n * n, a)) return false;
  const T unit = balance(n * n, a);
  for (std::int64_t i = 0; i < n * n; ++i) {
    h[i] = a[i] * unit;
    q[i] = i % (n + 1) == 0 ? T(1) : T(0);
  }
  if (!triangular(n, h, q)) return false;
  const T least = std::numeric_limits<T>::epsilon() * std::sqrt(dotted(n * n, h, h));
  for (std::int64_t k = 0; k < n; ++k) {
    w[k] = h[k * n + k] / unit;
    for (std::int64_t i = k; i >= 0; --i) {
      const T gap = h[k * n + k] - h[i * n + i];
      const T away = std::fabs(gap) > least ? gap : std::copysign(least, gap);
      const T sum = dotted(k - i, h + i * n + i + 1, x + i + 1);
      x[i] = i == k ? T(1) : sum / (away < 0 || away > 0 ? away : T(1));
    }
    T most = 0, size = std::sqrt(dotted(k + 1, x, x));
    for (std::int64_t i = 0; i < n; ++i) {
      T sum = 0;
      for (std::int64_t j = 0; j <= k; ++j) sum += x[j] / size * q[j * n + i];
      v[i * n + k] = sum;
      if (std::fabs(sum) > std::fabs(most)) most = sum;
    }
    for (std::int64_t i = 0; i < n && most < 0; ++i) v[i * n + k] = -v[i * n + k];
  }
  return true;
}
