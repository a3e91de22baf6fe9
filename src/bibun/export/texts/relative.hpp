/// (exp(x) - 1) / x.
inline double exprel(double x) {
  if (x == 0) return 1;
  if (x < 700) return std::expm1(x) / x;
  return std::isinf(x) ? x : std::exp(x / 2) / x * std::exp(x / 2);
}

/// The n-th derivative of exprel, n > 0, the integral of t^n exp(x t) from 0 to 1. Near 0 a series of
/// positive terms, for x < 0 Kummer's (DLMF 13.2.39); elsewhere y_n = (exp(x) - n y_(n-1)) / x.
template <int n>
inline double exprel_slope(double x) {
  const double size = std::fabs(x);
  if (std::isinf(x)) return x > 0 ? x : 0;
  if (size < n + 3) {
    double sum = 0, term = x < 0 ? 1.0 / (n + 1) : 1;
    for (int k = 0; k < 48; ++k) {
      sum += x < 0 ? term : term / (n + k + 1);
      term *= size / (x < 0 ? n + k + 2 : k + 1);
    }
    return x < 0 ? std::exp(x) * sum : sum;
  }
  double y = -std::expm1(-size) / size;  // of exp(-x) y_n for x > 0, which does not overflow
  const double last = x > 0 ? 1 : std::exp(x), half = x > 0 ? std::exp(x / 2) : 1;
  for (int k = 1; k <= n; ++k) y = (last - k * y) / x;
  return half * y * half;
}

/// The n-th derivative of log(1 + x) / x, (-1)^n n! times the integral of t^n / (1 + x t)^(n+1) from
/// 0 to 1: near 0 a series of positive terms, elsewhere y_n = (y_(n-1) - s^n / n) / x.
template <int n>
inline double log_relative(double x) {
  double factor = n % 2 ? -1 : 1, y = 0;
  for (int k = 2; k <= n; ++k) factor *= k;
  const double s = 1 / (1 + x);
  if (x == -1) return factor * std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x > 0 ? factor * 0.0 : std::numeric_limits<double>::quiet_NaN();
  if (x > -0.5 && x < 1) {
    double power = 1;
    for (int k = 0; k <= n && x > 0; ++k) power *= s;
    for (int k = 0; k < 64; ++k) {
      y += power / (n + 1 + k);
      power *= x < 0 ? -x * (n + k + 1) / (k + 1) : x * s;
    }
    return factor * y;
  }
  y = std::log1p(x) / x;
  double power = 1;
  for (int k = 1; k <= n; ++k) y = (y - (power *= s) / k) / x;
  return factor * y;
}
