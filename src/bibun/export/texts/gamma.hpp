/// The n-th derivative of cot(pi x), a polynomial in c = cot(pi x), since c' = -pi (1 + c^2).
template <int n>
inline double cotangent_slope(double x) {
  const double pi = 3.14159265358979323846, r = x - std::rint(x), size = std::fabs(r);
  const double c = size < 0.25 ? 1 / std::tan(pi * r) : std::copysign(std::tan(pi * (0.5 - size)), r);
  constexpr unsigned count = n + 2;
  double of[count] = {0, 1}, last[count] = {};
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

/// log gamma(z + a) - log gamma(z) for a, z > 0, of which all terms are as small as a: ten steps of the
/// recurrence and Stirling's series (DLMF 5.11.1).
inline double log_gamma_step(double z, double a) {
  double sum = 0;
  for (int k = 0; k < 10; ++k) sum -= std::log1p(a / (z + k));
  z += 10;
  const double u = 1 / z, v = 1 / (z + a), ratio = std::log1p(a * u);
  double series = 0, even = 1, power = u;  // even: sum of u^i v^j over i + j = 2 k, power: u^(2 k + 1)
  for (double c : {1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360}) {
    series += c * even;
    even = v * v * even + power * (u + v);
    power *= u * u;
  }
  return sum + (z - 0.5) * ratio + a * (std::log(z + a) - 1) - a * u * v * series;
}

/// log gamma(1 + a), a >= 0.
inline double log_factorial(double a) { return a > 0.5 ? std::lgamma(1 + a) : log_gamma_step(1, a); }

/// x^a exp(-x) / gamma(a + 1), for large a by Stirling's series.
inline double gamma_term(double a, double x) {
  if (a < 1) return std::pow(x, a) * std::exp(-x) / std::tgamma(a + 1);
  if (a < 150) {
    const double u = x < 2000 ? x : 2000, y = std::pow(u, a / 2) * std::exp(-u / 2);  // else 0
    const double lost = a - ((a + 1) - 1);
    return y / std::tgamma(a + 1) * y * (1 - lost * std::log(a + 0.5));
  }
  const double z = 1 / (a * a);
  const double rest = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / a;
  const double scale = std::exp(-rest) / std::sqrt(6.28318530717958647693 * a);
  const double q = x / a, far = a - x, lost = a > x ? (a - far) - x : a - (far + x);
  if (std::fabs(far) > 700 || a * std::fabs(std::log(q)) > 700) {
    return std::exp(a * log_excess(x, a)) * scale;
  }
  const double more = std::fma(-q, a, x) / q + lost;  // what quotient and difference have lost
  return std::pow(q, a) * std::exp(far) * std::exp(more) * scale;
}

/// The parts below for large a and x near a: Temme's uniform expansion (DLMF 8.12.3, 8.12.4, 8.12.7),
/// of which four terms are enough for a > 10000.
inline double gamma_part_far(double a, double x, bool upper) {
  static const double terms[4][12] = {
      {-0.33333333333333333, 0.083333333333333333, -0.014814814814814815, 0.0011574074074074074,
       0.0003527336860670194, -0.00017875514403292181, 3.9192631785224378e-5,
       -2.1854485106799922e-6, -1.85406221071516e-6, 8.296711340953086e-7, -1.7665952736826079e-7,
       6.7078535434014986e-9},
      {-0.0018518518518518519, -0.0034722222222222222, 0.0026455026455026455,
       -0.00099022633744855967, 0.00020576131687242798, -4.0187757201646091e-7,
       -1.8098554333489978e-5, 7.6491609160811101e-6, -1.6120900894563446e-6},
      {0.0041335978835978836, -0.0026813271604938272, 0.00077160493827160494,
       2.0093878600823045e-6, -0.00010736653226365161, 5.2923448829120125e-5},
      {0.00064943415637860082, 0.00022947209362139918, -0.00046918949439525571,
       0.00026772063206283885}};
  const double excess = -log_excess(x, a), eta = std::copysign(std::sqrt(2 * excess), x - a);
  double sum = 0;
  for (int k = 3; k >= 0; --k) {
    double term = 0;
    for (int n = 11; n >= 0; --n) term = term * eta + terms[k][n];
    sum = sum / a + term;
  }
  const double sign = upper ? 1 : -1, half = std::sqrt(a / 2);
  const double rest = std::exp(-a * excess) / std::sqrt(6.28318530717958647693 * a) * sum;
  return 0.5 * std::erfc(sign * eta * half) + sign * rest;
}

/// The lower (or upper) part of the integral for gamma(a), over gamma(a): a series for x < a + 1,
/// else a continued fraction (DLMF 8.7.1 and 8.9.2).
inline double gamma_part(double a, double x, bool upper) {
  if (!(a >= 0 && x >= 0) || (a == 0 && x == 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0 || a == 0 || std::isinf(x) || std::isinf(a)) {
    if (std::isinf(x) && std::isinf(a)) return std::numeric_limits<double>::quiet_NaN();
    const bool all = a == 0 || std::isinf(x);
    return all != upper ? 1 : 0;
  }
  if (a > 1e4 && std::fabs(x - a) < 0.1 * a) return gamma_part_far(a, x, upper);
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

/// The x whose lower (or upper) part is p: Newton's method for the logarithm of the smaller part by
/// that of x, between bounds which it narrows.
inline double gamma_quantile(double a, double p, bool upper) {
  const double infinite = std::numeric_limits<double>::infinity();
  if (!(a >= 0 && p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || p == 1) return (p == 0) != upper ? 0 : infinite;
  if (a == 0 || std::isinf(a)) return std::numeric_limits<double>::quiet_NaN();
  const bool other = p > 0.5;  // then 1 - p is exact
  const double wanted = other ? 1 - p : p;
  const bool of_upper = upper != other;
  double low = -750, high = std::log(a + 750) + 2;
  double u = (std::log(of_upper ? 1 - wanted : wanted) + log_factorial(a)) / a;
  if (!(u < std::log(a + 1) - 1)) u = std::log(a > 1 ? a : a + 0.5);
  if (u < -745) u = of_upper ? -700 : u;
  if (u < -745) return 0;
  for (int k = 0; k < 200; ++k) {
    const double x = std::exp(u), part = gamma_part(a, x, of_upper);
    const double off = std::log(part / wanted), slope = a * gamma_term(a, x) / part;
    (of_upper == (off > 0) ? low : high) = u;
    const double move = off / (of_upper ? slope : -slope);
    if (std::fabs(move) < 1e-9) return x * (1 + move);
    double next = u + move;
    if (!(next > low && next < high)) next = (low + high) / 2;
    u = next;
    if (high < -745) return 0;
  }
  return std::exp(u);
}
inline double gammaincinv(double a, double p) { return gamma_quantile(a, p, false); }
inline double gammainccinv(double a, double p) { return gamma_quantile(a, p, true); }

/// The chi-squared distribution, and Poisson's.
inline double chdtr(double n, double x) { return gamma_part(n / 2, x / 2, false); }
inline double chdtrc(double n, double x) { return gamma_part(n / 2, x / 2, true); }
inline double chdtri(double n, double p) { return 2 * gamma_quantile(n / 2, p, true); }
inline double pdtr(double k, double m) {
  return k < 0 ? std::numeric_limits<double>::quiet_NaN() : gamma_part(std::floor(k) + 1, m, true);
}
inline double pdtrc(double k, double m) {
  return k < 0 ? std::numeric_limits<double>::quiet_NaN() : gamma_part(std::floor(k) + 1, m, false);
}
