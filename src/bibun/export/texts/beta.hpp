/// gamma(x + 1) exp(x) x^-x, for large x by Stirling's series (DLMF 5.11.1).
inline double rest_of_stirling(double x) {
  if (x < 10) return std::tgamma(x + 1) * std::exp(x) * std::pow(x, -x);
  const double z = 1 / x / x;
  double sum = z / 156 - 691.0 / 360360;
  for (double c : {1.0 / 1188, -1.0 / 1680, 1.0 / 1260, -1.0 / 360, 1.0 / 12}) sum = sum * z + c;
  return 2.50662827463100050242 * std::sqrt(x) * std::exp(sum / x);
}

/// The beta function of 0 < a <= b, or its logarithm: by gamma functions, or for large numbers by
/// p^p q^q / n^n and Stirling's series. What n and quotients have lost in rounding comes back.
inline double positive_beta(double a, double b, bool logarithm) {
  const double infinite = std::numeric_limits<double>::infinity();
  if (a == 0 || std::isinf(b)) return a == 0 ? infinite : logarithm ? -infinite : 0;
  const double n = a + b, lost = (b - n) + a;
  if (n < 170) {
    double y = std::tgamma(a) * (std::tgamma(b) / std::tgamma(n));
    if (n > 1) y *= 1 - lost * (std::log(n) - 0.5 / n);
    return !logarithm ? y : std::isinf(y) ? -std::log(a) : std::log(y);
  }
  const double scale = rest_of_stirling(a) * rest_of_stirling(b) / rest_of_stirling(n) * (n / b);
  const double p = a / n, q = b / n, more = n > 1e300 ? 0 : std::fma(-q, n, b) / n;
  if (logarithm) {
    const double start = p > 1e-300 ? a * std::log(p) : a * (std::log(a) - std::log(n));
    return std::log(scale) - std::log(a) + (start - b * std::log1p(a / b));
  }
  if (p < 1e-290) return scale / a * std::exp(a * (std::log(a) - std::log(n)) - a);
  const double rest = n > 1e300 ? 0 : std::fma(-p, n, a) / n;
  const double power = std::pow(q, b) * std::exp(b * (more / q) - lost);
  return scale / a * (std::pow(p, a) * std::exp(a * (rest / p)) * power);
}

/// sin(pi x) of x = a + b, whose sum is not rounded.
inline double sine_of_turns(double a, double b) {
  const double m = std::rint(a), n = std::rint(b), sign = std::fmod(m + n, 2) == 0 ? 1 : -1;
  return sign * std::sin(3.14159265358979323846 * ((a - m) + (b - n)));
}

/// Of any numbers, by reflection: gamma(x) gamma(1 - x) = pi / sin(pi x). At the poles as SciPy's:
/// infinite, but of a negative whole a and a whole b < 1 - a the limit along b.
inline double any_beta(double a, double b, bool logarithm) {
  const double infinite = std::numeric_limits<double>::infinity(), pi = 3.14159265358979323846;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a > b) return any_beta(b, a, logarithm);
  if (a > 0) return positive_beta(a, b, logarithm);
  for (int k = 0; k < 2; ++k) {
    const double x = k == 0 ? a : b, other = k == 0 ? b : a;
    if (x <= 0 && x == std::floor(x)) {
      if (other != std::floor(other) || !(1 - x - other > 0)) return infinite;
      const double y = any_beta(1 - x - other, other, logarithm);
      return std::fmod(other, 2) == 0 || logarithm ? y : -y;
    }
  }
  if (std::isinf(a)) return std::numeric_limits<double>::quiet_NaN();
  const double turn = sine_of_turns(a, 0), both = sine_of_turns(a, b), n = a + b;
  double factor, y;
  if (b > 0 && n > 0) {
    factor = pi / (turn * b);
    y = any_beta(1 - a, n, logarithm);
  } else if (b > 0) {
    y = any_beta(b, 1 - n, logarithm);
    return logarithm ? std::log(std::fabs(both / turn)) + y : both / turn * y;
  } else {
    factor = pi * both / (turn * sine_of_turns(b, 0) * (1 - n));
    y = any_beta(1 - a, 1 - b, logarithm);
  }
  return logarithm ? std::log(std::fabs(factor)) - y : factor / y;
}
inline double euler_beta(double a, double b) { return any_beta(a, b, false); }
inline double beta(double a, double b) { return any_beta(a, b, false); }
inline double betaln(double a, double b) { return any_beta(a, b, true); }

/// 1 / gamma(x), also where gamma is out of range.
inline double rgamma(double x) {
  if (std::isinf(x) || (x <= 0 && x == std::floor(x))) return 0;
  if (x < -160 || x > 170) {
    const double u = x < 0 ? 1 - x : x;
    double y = x < 0 ? sine_of_turns(x, 0) / 3.14159265358979323846 : 1;
    if (u > 200) return x < 0 ? y * std::numeric_limits<double>::infinity() : 0;
    y = x < 0 ? y * std::tgamma(u - 40) : y / std::tgamma(u - 40);
    for (int k = 40; k > 0; --k) y = x < 0 ? y * (u - k) : y / (u - k);
    return y;
  }
  return 1 / std::tgamma(x);
}
inline double loggamma(double x) {
  return x < 0 ? std::numeric_limits<double>::quiet_NaN() : std::lgamma(x);
}

/// n over k: a product for whole k < 20, else by the beta function, beyond zeros by reflection.
inline double binom(double n, double k) {
  if (std::isnan(n) || std::isnan(k)) return std::numeric_limits<double>::quiet_NaN();
  if (n < 0 && n == std::floor(n)) return std::numeric_limits<double>::quiet_NaN();
  if (k == std::floor(k) && (std::fabs(n) > 1e-8 || n == 0)) {
    const double few = n == std::floor(n) && n > 0 && k > n / 2 ? n - k : k;
    if (few < 0) return 0;
    if (few < 20) {
      double y = 1;
      for (double i = 1; i <= few; ++i) y *= (n - few + i) / i;
      return y;
    }
  }
  const double pi = 3.14159265358979323846;
  if (n > -1 && k > n + 0.5) return sine_of_turns(k, -n) / pi * euler_beta(n + 1, k - n);
  if (n > -1 && k < -0.5) return -sine_of_turns(k, 0) / pi * euler_beta(n + 1, -k);
  const double y = euler_beta(1 + n - k, 1 + k);
  return y > 0 || n < 1e10 ? 1 / (n + 1) / y : std::exp(-std::log(n + 1) - betaln(1 + n - k, 1 + k));
}
