/// The n-th derivative of cot(pi x), a polynomial in c = cot(pi x), since c' = -pi (1 + c^2).
template <int n>
inline double cotangent_slope(double x) {
  const double pi = 3.14159265358979323846, r = x - std::rint(x), size = std::fabs(r);
  const double c = size < 0.25 ? 1 / std::tan(pi * r) : std::copysign(std::tan(pi * (0.5 - size)), r);
  double of[n + 2] = {0, 1}, last[n + 2] = {};
  for (int k = 0; k < n; ++k) {
    std::copy(of, of + n + 2, last);
    for (int j = 0; j <= k + 2 && j < n + 2; ++j) {
      of[j] = -pi * ((j <= n ? (j + 1) * last[j + 1] : 0) + (j > 1 ? (j - 1) * last[j - 1] : 0));
    }
  }
  double y = 0;
  for (int j = n + 1; j >= 0; --j) y = y * c + of[j];
  return y;
}

/// The n-th derivative of psi = (log gamma)', n >= 0. Moved to x >= 15 by the recurrence, there the
/// asymptotic series (Abramowitz and Stegun 6.3.18, 6.4.11); far left of 0 by reflection.
template <int n>
inline double polygamma(double x) {
  static const double bernoulli[] = {1.0 / 6,        -1.0 / 30,   1.0 / 42,         -1.0 / 30,
                                     5.0 / 66,       -691. / 2730, 7.0 / 6,         -3617.0 / 510,
                                     43867.0 / 798,  -174611. / 330};
  if (n == 0 && x <= 0) {
    if (x == std::floor(x)) {
      return x == 0 ? -std::copysign(std::numeric_limits<double>::infinity(), x)
                    : std::numeric_limits<double>::quiet_NaN();
    }
    const double turn = 3.14159265358979323846 * (x - std::rint(x));
    return polygamma<0>(1 - x) - 3.14159265358979323846 / std::tan(turn);
  }
  if (n > 0 && x <= 0 && x == std::floor(x)) return std::numeric_limits<double>::infinity();
  if (n > 0 && x < -10) {
    return (n % 2 ? -1 : 1) * polygamma<n>(1 - x) - 3.14159265358979323846 * cotangent_slope<n>(x);
  }
  double before = 1;  // (n - 1)!
  for (int k = 2; k < n; ++k) before *= k;
  const double factorial = n > 1 ? before * n : 1, sign = n % 2 ? 1 : -1;
  double sum = 0;
  for (; x < 15 + n; ++x) sum += factorial / std::pow(x, n + 1);
  if (n == 0) {
    sum -= std::log(x) - 0.5 / x;
  } else {
    sum += before / std::pow(x, n) + factorial / (2 * std::pow(x, n + 1));
  }
  double rising = n == 0 ? 1.0 / 2 : factorial * (n + 1) / 2;  // (2k + n - 1)! / (2k)!
  double power = std::pow(x, n + 2);
  for (int k = 1; k <= 10; ++k) {
    const double term = bernoulli[k - 1] * rising / power;
    sum += term;
    rising *= (2.0 * k + n) * (2.0 * k + n + 1) / ((2.0 * k + 1) * (2.0 * k + 2));
    power *= x * x;
  }
  return sign * sum;
}

/// psi^(n)(a + b) - psi^(n)(a), for positive a and a + b without cancellation: ten steps of the
/// recurrence and Stirling's series, term by term; where both are negative by reflection.
template <int n>
inline double psi_difference(double a, double b) {
  static const double bernoulli[] = {1.0 / 6,  -1.0 / 30,   1.0 / 42, -1.0 / 30,
                                     5.0 / 66, -691. / 2730, 7.0 / 6, -3617.0 / 510};
  const double pi = 3.14159265358979323846, sign = n % 2 ? -1 : 1;
  if (!(a > 0 && a + b > 0)) {
    if (!(a < 0.5 && a + b < 0.5)) return polygamma<n>(a + b) - polygamma<n>(a);
    const double turns = cotangent_slope<n>(a + b) - cotangent_slope<n>(a);
    const double other = b == std::rint(b) ? 0 : pi * turns;
    return -sign * psi_difference<n>(1 - a - b, b) - other;
  }
  const auto powers = [b](int m, double p) {  // p^-m - (p + b)^-m
    const double u = 1 / p, v = 1 / (p + b);
    double sum = 0, power = 1;
    for (int i = 0; i < m; ++i, power *= u) sum = sum * v + power;
    return b * v * u * sum;
  };
  double factor = sign, y = 0;
  for (int k = 2; k <= n; ++k) factor *= k;
  for (int k = 0; k < 10; ++k) y += powers(n + 1, a + k);
  const double p = a + 10, first = n == 0 ? std::log1p(b / p) : factor / (n > 0 ? n : 1) * powers(n, p);
  y = y * factor + first + factor / 2 * powers(n + 1, p);
  double rising = n == 0 ? 0.5 : sign * factor * (n + 1) / 2;  // (2k + n - 1)! / (2k)!
  for (int k = 1; k <= 8; ++k) {
    y += sign * bernoulli[k - 1] * rising * powers(2 * k + n, p);
    rising *= (2.0 * k + n) * (2.0 * k + n + 1) / ((2.0 * k + 1) * (2.0 * k + 2));
  }
  return y;
}

/// The sign of gamma(x).
inline double gammasgn(double x) {
  if (std::isnan(x) || x > 0) return std::isnan(x) ? x : 1;
  if (x == 0) return std::copysign(1.0, x);
  const double whole = std::floor(x);
  if (x == whole) return std::numeric_limits<double>::quiet_NaN();
  return std::fmod(whole, 2) == 0 ? 1 : -1;
}

/// log(x / a) - (x - a) / a without cancellation.
inline double log_excess(double x, double a) {
  const double u = (x - a) / a;
  if (std::fabs(u) > 0.3) return std::log(x / a) - u;
  double sum = 0, power = u;
  for (int k = 2; k < 40; ++k) {
    power *= -u;
    sum += power / k;
  }
  return sum;
}

/// log gamma(1 + a), a >= 0: for small a its series, of Euler's constant and the zeta function.
inline double log_factorial(double a) {
  static const double zeta[] = {1.6449340668482264365, 1.2020569031595942854, 1.0823232337111381915,
                                1.0369277551433699263, 1.0173430619844491397, 1.0083492773819228268};
  if (a > 0.002) return std::lgamma(1 + a);
  double sum = -0.57721566490153286061 * a, power = -a;
  for (int k = 2; k < 8; ++k) {
    power *= -a;
    sum += zeta[k - 2] * power / k;
  }
  return sum;
}

/// x^a exp(-x) / gamma(a + 1), for large a by Stirling's series.
inline double gamma_term(double a, double x) {
  if (a < 20) return std::exp(a * std::log(x) - x - log_factorial(a));
  const double z = 1 / (a * a);
  const double rest = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / a;
  return std::exp(a * log_excess(x, a) - rest) / std::sqrt(6.28318530717958647693 * a);
}

/// The lower (or upper) part of the integral for gamma(a), over gamma(a): a series for x < a + 1,
/// else a continued fraction (Abramowitz and Stegun 6.5.29 and 6.5.31).
inline double gamma_part(double a, double x, bool upper) {
  if (!(a >= 0 && x >= 0) || (a == 0 && x == 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0 || a == 0 || std::isinf(x) || std::isinf(a)) {
    if (std::isinf(x) && std::isinf(a)) return std::numeric_limits<double>::quiet_NaN();
    const bool all = a == 0 || std::isinf(x);
    return all != upper ? 1 : 0;
  }
  if (upper && a < 1 && x < a + 1) {  // 1 - lower without cancellation
    const double power = a * std::log(x) - log_factorial(a);
    double term = 1, sum = 0;
    for (int k = 1; k < 30; ++k) {
      term *= -x / k;
      sum += term / (a + k);
    }
    return -std::expm1(power) - std::exp(power) * a * sum;
  }
  if (x < a + 1) {
    double term = 1, sum = 1;
    for (double k = a + 1; term > 1e-17 * sum; ++k) sum += term *= x / k;
    const double lower = gamma_term(a, x) * sum;
    return upper ? 1 - lower : lower;
  }
  double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;  // Lentz's method
  for (int k = 1; k < 100000; ++k) {
    const double numerator = -k * (k - a);
    b += 2;
    d = numerator * d + b;
    c = b + numerator / c;
    d = 1 / (d == 0 ? 1e-300 : d);
    const double factor = c * d;
    fraction *= factor;
    if (std::fabs(factor - 1) < 1e-16) break;
  }
  const double above = gamma_term(a, x) * a * fraction;
  return upper ? above : 1 - above;
}

inline double gammainc(double a, double x) { return gamma_part(a, x, false); }
inline double gammaincc(double a, double x) { return gamma_part(a, x, true); }
