/// The classical polynomials of a whole degree n, by their recurrences (DLMF 18.9.1). Near x = 1 what
/// is added up are differences of polynomials over their value at 1, so that they have the digits of
/// x - 1; of x < 0 they are told by those of -x. For n < 0 as SciPy continues them.
inline bool is_degree(double n) { return n >= 0 && n == std::floor(n) && n < 1e15; }
inline double no_polynomial(double n) {
  return n < 0 && n == std::floor(n) ? 0 : std::numeric_limits<double>::quiet_NaN();
}

inline double even_or_odd(double n, double x, double y) {
  return x < 0 && std::fmod(n, 2) == 1 ? -y : y;
}

/// Whether no number x + k of whole k is near 0.
inline bool never_zero(double x) { return x > 0 || std::fabs(x - std::rint(x)) > 0.01; }

/// C_n^(a)(x); near 1 its value at 1, unless that is near 0, times what is left.
inline double eval_gegenbauer(double n, double a, double x) {
  if (std::isnan(a) || std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  if (!is_degree(n)) return no_polynomial(n);
  const double u = std::fabs(x);
  double y = 1, before = 0, step = 0;
  if (u > 0.5 && never_zero(2 * a)) {
    for (double k = 0; k < n; ++k) y += step = (2 * (k + a) * (u - 1) * y + k * step) / (k + 2 * a);
    for (double k = 0; k < n; ++k) y *= (k + 2 * a) / (k + 1);
    return even_or_odd(n, x, y);
  }
  for (double k = 0; k < n; ++k) {
    const double next = (2 * u * (k + a) * y - (k - 1 + 2 * a) * before) / (k + 1);
    before = y;
    y = next;
  }
  return even_or_odd(n, x, y);
}
inline double eval_legendre(double n, double x) {
  return eval_gegenbauer(n < 0 ? -n - 1 : n, 0.5, x);
}

/// From y_0 = 1 and y_1 by y_(k+1) = 2 x y_k - y_(k-1).
inline double chebyshev(double n, double x, double first) {
  if (!is_degree(n) || std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  const double u = std::fabs(x);
  double y = 1, next = first * u, step = first * u - 1;
  for (double k = 0; k < n; ++k) {
    const double last = y;
    y = u > 0.5 ? y + step : next;
    step += 2 * (u - 1) * y;
    next = 2 * u * y - last;
  }
  return even_or_odd(n, x, y);
}
inline double eval_chebyt(double n, double x) { return chebyshev(std::fabs(n), x, 1); }
inline double eval_chebyu(double n, double x) {
  if (n < 0) return n == -1 ? 0 : -chebyshev(-n - 2, x, 2);
  return chebyshev(n, x, 2);
}

/// P_n^(a, b)(x); where the recurrence would divide by 0 the sum of products of DLMF 18.5.8.
inline double eval_jacobi(double n, double a, double b, double x) {
  if (std::isnan(a + b) || std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  if (!is_degree(n)) return no_polynomial(n);
  if (x < 0) return (std::fmod(n, 2) == 1 ? -1 : 1) * eval_jacobi(n, b, a, -x);
  const double s = a + b;
  double y = 1, step = 0;
  if (never_zero(a + 1) && never_zero(s + 2)) {
    if (n > 0) y += step = (s + 2) * (x - 1) / (2 * (a + 1));
    for (double k = 1; k < n; ++k) {
      const double t = 2 * k + s;
      step = t * (t + 1) * (t + 2) * (x - 1) * y + 2 * k * (k + b) * (t + 2) * step;
      y += step /= 2 * (k + a + 1) * (k + s + 1) * t;
    }
    for (double k = 1; k <= n; ++k) y *= (k + a) / k;
    return y;
  }
  if (never_zero(s + 2)) {
    double before = 1;
    y = n > 0 ? (a - b + (s + 2) * x) / 2 : 1;
    for (double k = 2; k <= n; ++k) {
      const double t = 2 * k + s, from = (t - 1) * (t * (t - 2) * x + (a - b) * s);
      const double next = from * y - 2 * (k + a - 1) * (k + b - 1) * t * before;
      before = y;
      y = next / (2 * k * (k + s) * (t - 2));
    }
    return y;
  }
  y = 0;
  for (double i = 0; i <= n; ++i) {
    double term = 1;
    for (double k = 1; k <= n - i; ++k) term *= (a + i + k) / k * ((x + 1) / 2);
    for (double k = 1; k <= i; ++k) term *= (b + n - i + k) / k * ((x - 1) / 2);
    y += term;
  }
  return y;
}
inline double eval_hermite(double n, double x) {
  if (!is_degree(n) || std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  double y = 1, before = 0;
  for (double k = 0; k < n; ++k) {
    const double next = 2 * (x * y - k * before);
    before = y;
    y = next;
  }
  return y;
}
inline double eval_hermitenorm(double n, double x) {
  if (!is_degree(n) || std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  double y = 1, before = 0;
  for (double k = 0; k < n; ++k) {
    const double next = x * y - k * before;
    before = y;
    y = next;
  }
  return y;
}
inline double eval_genlaguerre(double n, double a, double x) {
  if (!(a > -1) || std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  if (!is_degree(n)) return no_polynomial(n);
  double y = 1, step = 0;
  for (double k = 0; k < n; ++k) {
    step = (k * step - x * y) / (k + a + 1);
    y += step;
  }
  for (double k = 1; k <= n; ++k) y *= (k + a) / k;
  return y;
}
inline double eval_laguerre(double n, double x) { return eval_genlaguerre(n, 0, x); }
