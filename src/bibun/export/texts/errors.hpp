/// exp(x^2), to the last digits: what the square loses comes back as a factor.
inline double exp_of_square(double x) {
  const double square = x * x;
  return std::exp(square) * (1 + (std::isfinite(square) ? std::fma(x, x, -square) : 0));
}

/// exp(x^2) erfc(x). For large x the asymptotic series (Abramowitz and Stegun, 7.1.23).
inline double erfcx(double x) {
  if (x < 25) return exp_of_square(x) * std::erfc(x);
  const double z = 1 / (2 * x * x);
  double sum = 1, term = 1;
  for (int k = 1; k < 8; ++k) sum += term *= -(2 * k - 1) * z;
  return sum / (x * 1.7724538509055160273);
}

/// The n-th derivative of erfcx, n > 0. For x > 0 the integral 2 / sqrt(pi) (-2)^n int_0^inf t^n
/// exp(-t^2 - 2 x t) dt, by Takahasi and Mori's double exponential formula; else a recurrence.
template <int n>
inline double erfcx_slope(double x) {
  if (!(x > 0)) {
    double last = erfcx(x), y = 2 * x * last - 1.1283791670955125739;
    for (int k = 1; k < n; ++k) {
      const double next = 2 * x * y + 2 * k * last;
      last = y;
      y = next;
    }
    return y;
  }
  const double width = 1 / (1 + x), step = 1.0 / 12;
  double y = 0;
  for (int k = -48; k < 48; ++k) {
    const double decay = std::exp(-step * k), u = std::exp(step * k - decay), t = width * u;
    double weight = step * u * (1 + decay);
    for (int j = 0; j < n; ++j) weight *= -2 * t;
    y += weight * std::exp(-t * t - 2 * (t * x));
  }
  return 1.1283791670955125739 * width * y;
}

/// -i erf(ix): a series of terms of one sign, for large x the asymptotic one.
inline double erfi(double x) {
  if (std::isinf(x)) return x;
  const double square = x * x;
  double sum = 1, term = 1;
  if (square < 40) {
    for (int k = 1; term > 1e-17 * sum; ++k) {
      term *= square / k;
      sum += term / (2 * k + 1);
    }
    return 1.1283791670955125739 * x * sum;
  }
  for (int k = 1; k < 40 && std::fabs(term) > 1e-17; ++k) sum += term *= (2 * k - 1) / (2 * square);
  return exp_of_square(x) / (x * 1.7724538509055160273) * sum;
}

/// The inverse of erfc, 0 < y < 2, by Halley's method.
inline double erfcinv(double y) {
  if (!(y > 0 && y < 2)) {
    const double end = std::numeric_limits<double>::infinity();
    return y == 0 ? end : y == 2 ? -end : std::numeric_limits<double>::quiet_NaN();
  }
  if (y > 1) return -erfcinv(2 - y);
  const double l = -std::log(y * (2 - y)), k = 4.33 - l / 2;  // Winitzki's approximation
  double x = std::sqrt(std::sqrt(k * k + l / 0.147) - k);
  for (int i = 0; i < 4; ++i) {
    const double step = (std::erfc(x) - y) / (-1.1283791670955125739 * std::exp(-x * x));
    if (!std::isfinite(step)) break;
    x -= step / (1 + x * step);
  }
  return x;
}

/// The inverse of erf, -1 < y < 1.
inline double erfinv(double y) {
  if (std::fabs(y) > 0.5) return y < 0 ? -erfcinv(1 + y) : erfcinv(1 - y);
  double x = 0.886226925452758 * y;
  for (int i = 0; i < 5; ++i) {
    const double step = (std::erf(x) - y) / (1.1283791670955125739 * std::exp(-x * x));
    x -= step / (1 + x * step);
  }
  return x;
}

/// The quantile of the normal distribution.
inline double ndtri(double p) {
  return p < 0.5 ? -1.4142135623730950488 * erfcinv(2 * p)
                 : 1.4142135623730950488 * erfcinv(2 - 2 * p);
}

/// The same of exp(y): in the far tail by Newton's method for the logarithm of the distribution.
inline double ndtri_exp(double y) {
  if (y > -0.7) return -ndtri(-std::expm1(y));
  if (y > -600) return ndtri(std::exp(y));
  if (std::isinf(y)) return y;
  double x = -std::sqrt(-2 * y);
  for (int k = 0; k < 12; ++k) {
    const double tail = erfcx(-x * 0.70710678118654752440);
    x -= (std::log(tail / 2) - x * x / 2 - y) * (tail * 1.2533141373155002512);
  }
  return x;
}
