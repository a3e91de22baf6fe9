inline double exp10(double x) { return std::pow(10.0, x); }
inline double cosm1(double x) { return -2 * std::sin(x / 2) * std::sin(x / 2); }

/// log(x / (1 - x)).
inline double logit(double x) {
  const double s = 2 * (x - 0.5);
  return x > 0.3 && x < 0.65 ? std::log1p(s) - std::log1p(-s) : std::log(x / (1 - x));
}

/// Sines and cosines of degrees: exact where they are simple.
inline double sindg(double x) {
  const double turn = std::fmod(x, 360.0), sign = turn < 0 ? -1 : 1;
  double y = std::fabs(turn), s = sign;
  if (y >= 180) {
    y -= 180;
    s = -s;
  }
  y = y > 90 ? 180 - y : y;
  if (y == 30) return s * 0.5;
  return s * (y > 45 ? std::cos((90 - y) * 0.017453292519943295769)
                     : std::sin(y * 0.017453292519943295769));
}
inline double cosdg(double x) { return sindg(std::fmod(std::fabs(x), 360.0) + 90); }

/// a log(a / b), with 0 for a = 0.
inline double rel_entr(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0 && b >= 0) return 0;
  if (!(a > 0 && b > 0)) return std::numeric_limits<double>::infinity();
  const double q = a / b;
  if (q > 0.5 && q < 2) return a * std::log1p((a - b) / b);
  if (std::isfinite(q) && q >= std::numeric_limits<double>::min()) return a * std::log(q);
  return a * (std::log(a) - std::log(b));
}
inline double kl_div(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0 && b >= 0) return b;
  if (!(a > 0 && b > 0)) return std::numeric_limits<double>::infinity();
  return rel_entr(a, b) - a + b;
}

/// The integral of exp(-t) / t from x > 0 on: a series, from 1 on a continued fraction (Abramowitz
/// and Stegun 5.1.11 and 5.1.22).
inline double exp1(double x) {
  if (!(x > 0)) return x == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  if (x < 1) {
    double sum = 0, term = 1;
    for (int k = 1; k < 25; ++k) {
      term *= -x / k;
      sum -= term / k;
    }
    return sum - 0.57721566490153286061 - std::log(x);
  }
  double fraction = 0;
  for (int k = 200; k > 0; --k) fraction = k / (1 + k / (x + fraction));
  return std::exp(-x) / (x + fraction);
}

/// The integral of exp(t) / t from minus infinity to x (Abramowitz and Stegun 5.1.10 and 5.1.51).
inline double expi(double x) {
  if (x < 0) return -exp1(-x);
  if (std::isinf(x)) return x;
  if (x < 40) {
    double sum = 0, term = 1;
    for (int k = 1; k < 180; ++k) {
      term *= x / k;
      sum += term / k;
    }
    return sum + (0.57721566490153286061 + std::log(x));
  }
  double sum = 1, term = 1;
  for (int k = 1; k < x && term > 1e-17; ++k) sum += term *= k / x;  // as long as terms fall
  return std::exp(x / 2) / x * sum * std::exp(x / 2);
}
