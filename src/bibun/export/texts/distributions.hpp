/// d - log(1 + d), d > -1, where 1 + d is known with all of its digits.
inline double deviation(double d, double more) {
  const double v = d / (2 + d), square = v * v;
  if (std::fabs(v) > 0.1) return d - (d < -0.5 ? std::log(more) : std::log1p(d));
  double sum = 0;
  for (int k = 9; k > 0; --k) sum = sum * square + 1.0 / (2 * k + 1);
  return v * d - 2 * v * square * sum;
}

/// A number x between 0 and 1 and y = 1 - x, and what rounding has taken from each.
struct Part {
  double x, y, x_lost, y_lost;
};
inline Part part_of(double x) { return {x, 1 - x, 0, (1 - (1 - x)) - x}; }
inline Part swapped(Part s) { return {s.y, s.x, s.y_lost, s.x_lost}; }

/// p / (p + q), where `lost` was taken from p.
inline Part part_of(double p, double lost, double q) {
  if (p > 1e300 || q > 1e300) return {1 / (1 + q / p), 1 / (1 + p / q), 0, 0};
  const double n = p + q, less = (p > q ? (p - n) + q : (q - n) + p) + lost, x = p / n, y = q / n;
  return {x, y, (std::fma(-x, n, p) + (lost - x * less)) / n, (std::fma(-y, n, q) - y * less) / n};
}

/// (a + b) x - a.
inline double beyond_mean(double a, double b, Part s) {
  const double n = a + b, lost = a > b ? (a - n) + b : (b - n) + a;
  if (s.x < s.y) return std::fma(n, s.x, -a) + (lost * s.x + n * s.x_lost);
  return -(std::fma(n, s.y, -b) + (lost * s.y + n * s.y_lost));
}

/// x^a y^b / (beta(a, b) by). For large numbers no exponent is a difference of large ones: Loader, Fast and
/// accurate computation of binomial probabilities, 2000.
inline double beta_term(double a, double b, Part s, double by) {
  const double n = a + b;
  if (n < 170) {
    const double p = s.x > 0 ? s.x_lost / s.x : 0, q = s.y > 0 ? s.y_lost / s.y : 0;
    const double more = std::exp(a * p + b * q), size = euler_beta(a, b);
    const double whole = std::pow(s.x, a) * std::pow(s.y, b);
    if (whole > 1e-200) return whole / size * more / by;
    const double root = std::pow(s.x, a / 2) * std::pow(s.y, b / 2);
    return root / size * (root / by) * more;
  }
  const double stirling = rest_of_stirling(n) / (rest_of_stirling(a) * rest_of_stirling(b));
  const double scale = a / n * b * stirling, lost = a > b ? (a - n) + b : (b - n) + a;
  const double u = n * s.x, v = n * s.y, q = u / a, r = v / b;
  if (std::isinf(q) || std::isinf(r)) return 0;
  if (a * std::fabs(std::log(q)) < 600 && b * std::fabs(std::log(r)) < 600) {
    const double of_u = std::fma(n, s.x, -u) + (lost * s.x + n * s.x_lost);
    const double of_v = std::fma(n, s.y, -v) + (lost * s.y + n * s.y_lost);
    const double more = (std::fma(-q, a, u) + of_u) / q + (std::fma(-r, b, v) + of_v) / r;
    return std::pow(q, a) * std::pow(r, b) * std::exp(more) * (scale / by);
  }
  const double far = beyond_mean(a, b, s);
  const double root = std::exp(-(a * deviation(far / a, q) + b * deviation(-far / b, r)) / 2);
  return root * scale * (root / by);
}

/// The share of the beta function below x, or above, where x is mostly below the mean: a series for
/// a < 1 (DLMF 8.17.7, of b x < 1), else the continued fraction of DiDonato and Morris (ACM TOMS 18, 1992,
/// algorithm 708, equation 9).
inline double beta_below(double a, double b, Part s, bool upper) {
  if (a < 1) {
    double term = 1, sum = 0;
    for (int k = 1; k < 10000 && std::fabs(term) > 1e-18 * (1 + std::fabs(sum)); ++k) {
      term *= s.x * (k - b) / k;
      sum += term / (a + k);
    }
    const double lower = std::pow(s.x, a) / (a * euler_beta(a, b)) * (1 + a * sum);
    if (!upper || lower < 0.7) return upper ? 1 - lower : lower;
    const double log = a * std::log(s.x) + log_gamma_step(b, a) - log_gamma_step(1, a);
    return -std::expm1(log) - std::exp(log) * a * sum;  // without cancellation
  }
  const double c = 1 - beyond_mean(a, b, s), start = 1 + 1 / a;
  double p = 1, size = a + 1, before = 0, under = 1, above = 1, below = c / start, y = start / c;
  for (double k = 1; k < 1e6; ++k) {
    const double w = k * (b - k) * s.x, e = a / size, t = k / a;
    const double alpha = p * (p + b / a) * e * e * (w * s.x);
    const double beta = k + w / size + (t + 1) / (start + 2 * t) * (c + k * (1 + s.y));
    p = t + 1;
    size += 2;
    const double next = alpha * before + beta * above, last = y, next_below = alpha * under + beta * below;
    before = above / next_below;
    under = below / next_below;
    above = y = next / next_below;
    below = 1;
    if (std::fabs(y - last) <= 1e-16 * y) {
      const double lower = beta_term(a, b, s, 1) * y;
      return upper ? 1 - lower : lower;
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// The same for all x, on the side of the mean where that converges.
inline double beta_share(double a, double b, Part s, bool upper) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (!(a >= 0 && b >= 0 && s.x >= 0 && s.x <= 1)) return none;
  const bool ends = std::isinf(a) || std::isinf(b);
  if ((a == 0 && b == 0) || (std::isinf(a) && std::isinf(b))) return none;
  if (s.x == 0 || s.y == 0) return (s.y == 0) != upper ? 1 : 0;
  if (a == 0 || b == 0 || ends) return (a == 0 || std::isinf(b)) != upper ? 1 : 0;
  const double few = 1 / std::fmax(std::fmax(a, b), 2);
  const bool far = a < 1 ? s.x > few : b < 1 ? s.y <= few : s.x * (a + b) > a;
  return far ? beta_below(b, a, swapped(s), !upper) : beta_below(a, b, s, upper);
}
inline double betainc(double a, double b, double x) { return beta_share(a, b, part_of(x), false); }
inline double betaincc(double a, double b, double x) { return beta_share(a, b, part_of(x), true); }

/// The x up to 1/2 whose lower (or upper) share is p: Newton's method for the logarithm of the smaller
/// share by that of x, between bounds which it narrows.
inline Part lower_quantile(double a, double b, double p, bool upper) {
  const bool other = p > 0.5;  // then 1 - p is exact
  const double wanted = other ? 1 - p : p, sign = upper != other ? -1 : 1;
  double low = -750, high = -0.69314718055994530942;
  double u = std::log(a / (a + b));
  const double first = std::log(sign > 0 ? wanted : 1 - wanted) + std::log(a) + betaln(a, b);
  if (first / a < u) u = first / a;
  if (!(u < high)) u = high - 1e-3;
  for (int k = 0; k < 200 && u > -745 && high > -745; ++k) {
    const double x = std::exp(u);
    const Part s = part_of(x);
    const double share = beta_share(a, b, s, sign < 0), off = std::log(share / wanted);
    if (std::isnan(share)) return {share, share, 0, 0};
    const double move = -sign * off * share / beta_term(a, b, s, s.y);
    (sign * off < 0 ? low : high) = u;
    if (std::fabs(move) < 1e-9) return part_of(x * (1 + move));
    double next = u + move;
    if (!(next > low && next < high)) next = (low + high) / 2;
    u = next;
  }
  return part_of(std::exp(u));
}
/// The same of all x: if x > 1/2 of 1 - x.
inline Part beta_quantile(double a, double b, double p, bool upper) {
  const double none = std::numeric_limits<double>::quiet_NaN(), half = beta_share(a, b, part_of(0.5), upper);
  if (!(a > 0 && b > 0 && p >= 0 && p <= 1)) return {none, none, 0, 0};
  if (std::isinf(a) || std::isinf(b) || std::isnan(half)) return {none, none, 0, 0};
  if (p == 0 || p == 1) return (p == 0) != upper ? Part{0, 1, 0, 0} : Part{1, 0, 0, 0};
  if ((half < p) == upper) return lower_quantile(a, b, p, upper);
  return swapped(lower_quantile(b, a, p, !upper));
}
inline double betaincinv(double a, double b, double p) { return beta_quantile(a, b, p, false).x; }
inline double betainccinv(double a, double b, double p) { return beta_quantile(a, b, p, true).x; }

/// The distributions of successes and of failures, for whole numbers below k.
inline double bdtr(double k, double n, double p) {
  k = std::floor(k);
  if (!(p >= 0 && p <= 1 && k >= 0 && k <= n)) return std::numeric_limits<double>::quiet_NaN();
  return k == n ? 1 : beta_share(k + 1, n - k, part_of(p), true);
}
inline double bdtrc(double k, double n, double p) {
  k = std::floor(k);
  if (!(p >= 0 && p <= 1 && k <= n)) return std::numeric_limits<double>::quiet_NaN();
  return k < 0 ? 1 : k == n ? 0 : beta_share(k + 1, n - k, part_of(p), false);
}
inline double nbdtr(double k, double n, double p) {
  if (!(k >= 0 && n > 0)) return std::numeric_limits<double>::quiet_NaN();
  return beta_share(n, k + 1, part_of(p), false);
}
inline double nbdtrc(double k, double n, double p) {
  if (!(k >= 0 && n > 0)) return std::numeric_limits<double>::quiet_NaN();
  return beta_share(n, k + 1, part_of(p), true);
}

/// The F distribution with m and n degrees of freedom, and Student's.
inline Part part_of_f(double m, double n, double x) {
  return std::isinf(x) ? Part{1, 0, 0, 0} : part_of(m * x, std::fma(m, x, -m * x), n);
}
inline Part part_of_t(double n, double t) {
  const double square = t * t;
  if (square > 1e300) return {n / t / t, 1, 0, 0};
  return swapped(part_of(square, std::fma(t, t, -square), n));
}
inline double fdtr(double m, double n, double x) {
  if (!(m > 0 && n > 0 && x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  return beta_share(m / 2, n / 2, part_of_f(m, n, x), false);
}
inline double fdtrc(double m, double n, double x) {
  if (!(m > 0 && n > 0 && x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  return beta_share(m / 2, n / 2, part_of_f(m, n, x), true);
}
inline double fdtri(double m, double n, double p) {
  if (!(m > 0 && n > 0)) return std::numeric_limits<double>::quiet_NaN();
  const Part s = beta_quantile(m / 2, n / 2, p, false);
  return n / m * (s.x / s.y);
}
inline double stdtr(double n, double t) {
  if (!(n > 0) || std::isnan(t)) return std::numeric_limits<double>::quiet_NaN();
  if (n > 1e100) return 0.5 * std::erfc(-t * 0.70710678118654752440);
  const double tail = beta_share(n / 2, 0.5, part_of_t(n, t), false) / 2;
  return t < 0 ? tail : 1 - tail;
}
inline double stdtrit(double n, double p) {
  if (!(n > 0 && p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  const double tail = p < 0.5 ? p : 1 - p, sign = p < 0.5 ? -1 : 1;
  if (n > 1e100) return sign * 1.4142135623730950488 * erfcinv(2 * tail);
  if (p == 0.5) return 0;
  const Part s = beta_quantile(n / 2, 0.5, 2 * tail, false);
  if (s.x > 1e-290) return sign * std::sqrt(n) * std::sqrt(s.y / s.x);
  return sign * std::sqrt(n) * std::pow(tail * n * euler_beta(n / 2, 0.5), -1 / n);
}

/// Their densities, at the ends, too.
inline double at_end(double k, double one) {
  return k < 1 ? std::numeric_limits<double>::infinity() : k == 1 ? one : k > 1 ? 0 : k;
}
inline double beta_density(double a, double b, double x) {
  if (!(x >= 0 && x <= 1) || std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0 || x == 1) return x == 0 ? at_end(a, b) : at_end(b, a);
  return beta_term(a, b, part_of(x), x * (1 - x));
}
inline double f_density(double m, double n, double x) {
  if (!(x >= 0) || std::isnan(m) || std::isnan(n)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0 || std::isinf(x)) return x == 0 ? at_end(m / 2, 1) : 0;
  if (m == 0 || n == 0) return std::signbit(n) ? std::numeric_limits<double>::quiet_NaN() : 0;
  return beta_term(m / 2, n / 2, part_of_f(m, n, x), x);
}
inline double t_density(double n, double t) {
  if (!(n > 0) || std::isnan(t)) return std::numeric_limits<double>::quiet_NaN();
  if (n > 1e100) return std::exp(-t * t / 2) / 2.50662827463100050242;
  if (std::fabs(t) < 1e-100) return 1 / (std::sqrt(n) * euler_beta(0.5, n / 2));
  if (std::fabs(t) > 1e150) {
    return std::pow(std::fabs(t) / std::sqrt(n), -n - 1) / (std::sqrt(n) * euler_beta(0.5, n / 2));
  }
  return beta_term(n / 2, 0.5, part_of_t(n, t), std::fabs(t));
}
