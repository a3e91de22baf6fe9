/// A complex number, of which no operation asks whether it is infinite.
struct Pair {
  double re, im;
};
inline Pair product_of(Pair a, Pair b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
inline Pair quotient_of(double a, Pair z) {
  const double size = z.re * z.re + z.im * z.im;
  return {a * (z.re / size), -a * (z.im / size)};
}

/// exp(i x) times the exponential integral E_1(i x), x >= 2: a continued fraction from its end
/// (DLMF 6.9.1), which converges as exp(-2.8 sqrt(k x)).
inline Pair exponential_wave(double x) {
  Pair fraction{0, 0};
  for (int k = 8 + static_cast<int>(200 / x); k >= 0; --k) {
    fraction = quotient_of(k > 0 ? -1.0 * k * k : 1, {2 * k + 1 + fraction.re, x + fraction.im});
  }
  return fraction;
}

/// The integrals of sin(t) / t from 0 to x, and of cos(t) / t; of sinh and cosh (DLMF 6.6 and 6.9).
inline double sine_integral(double x) {
  const double u = std::fabs(x);
  if (std::isinf(x)) return x > 0 ? 1.57079632679489661923 : -1.57079632679489661923;
  if (u < 2 || std::isnan(x)) {
    double sum = 1, term = 1;
    for (int k = 1; k < 13; ++k) {
      term *= -x * x / (2 * k * (2 * k + 1));
      sum += term / (2 * k + 1);
    }
    return x * sum;
  }
  const Pair z = exponential_wave(u);
  const double y = 1.57079632679489661923 + (z.im * std::cos(u) - z.re * std::sin(u));
  return x < 0 ? -y : y;
}
inline double cosine_integral(double x) {
  const double u = std::fabs(x);
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x > 0 ? 0 : std::numeric_limits<double>::quiet_NaN();
  if (u < 2 || std::isnan(x)) {
    double sum = 0, term = 1;
    for (int k = 1; k < 13; ++k) {
      term *= -x * x / ((2 * k - 1) * 2 * k);
      sum += term / (2 * k);
    }
    return 0.57721566490153286061 + std::log(u) + sum;
  }
  const Pair z = exponential_wave(u);
  return -(z.re * std::cos(u) + z.im * std::sin(u));
}
inline double hyperbolic_integral(double x, bool odd) {
  double sum = odd ? 1 : 0, term = 1;
  for (int k = 1; k < 80; ++k) {
    term *= x / (2 * k - 1) * (x / (2 * k));
    const double next = odd ? term / ((2.0 * k + 1) * (2 * k + 1)) : term / (2 * k);
    sum += next;
    if (next < 1e-17 * sum) break;
  }
  return odd ? x * sum : 0.57721566490153286061 + std::log(x) + sum;
}
inline double sinh_integral(double x) {
  const double u = std::fabs(x), y = u < 40 ? hyperbolic_integral(u, true) : expi(u) / 2;
  return x < 0 ? -y : std::isnan(x) ? x : y;
}
inline double cosh_integral(double x) {
  const double u = std::fabs(x);
  if (x == 0) return -std::numeric_limits<double>::infinity();
  return u < 40 ? hyperbolic_integral(u, false) : std::isnan(x) ? x : expi(u) / 2;
}

/// Fresnel's integrals of cos(pi t^2 / 2) and sin(pi t^2 / 2) from 0 to x >= 0, as a pair: series, or
/// (1 + i) / 2 erf of z = sqrt(pi) / 2 (1 - i) x by a continued fraction (DLMF 7.6.5, 7.9.1).
inline Pair fresnel(double x) {
  const double square = x * x;
  if (!(x < 1e150)) return std::isnan(x) ? Pair{x, x} : Pair{0.5, 0.5};
  if (x < 1.5) {
    const double u = 1.57079632679489661923 * square;
    double c = 1, s = 0, term = 1;
    for (int k = 1; k < 30; ++k) {
      term *= u / k;
      (k % 2 ? s : c) += (k % 4 < 2 ? term : -term) / (2 * k + 1);
    }
    return {x * c, x * s};
  }
  const double even = 2 * std::rint(x / 2), r = x - even;
  const double turn = std::remainder(even * r, 2.0) + r * r / 2;
  const double wide = 3.14159265358979323846 * square;
  Pair fraction{0, 0};
  for (int k = 8 + static_cast<int>(400 / wide); k >= 0; --k) {
    const double a = k > 0 ? -(2.0 * k - 1) * (2 * k) : 1;
    fraction = quotient_of(a, {4 * k + 1 + fraction.re, fraction.im - wide});
  }
  const double angle = 3.14159265358979323846 * std::remainder(turn, 2.0);
  const Pair wave{std::cos(angle), std::sin(angle)};
  const Pair h = product_of(product_of({x, -x}, fraction), wave);  // (1 - i) x exp(i pi x^2 / 2) / ...
  const Pair y = product_of({0.5, 0.5}, {1 - h.re, -h.im});
  return y;
}
inline double fresnel_c(double x) { return x < 0 ? -fresnel(-x).re : fresnel(x).re; }
inline double fresnel_s(double x) { return x < 0 ? -fresnel(-x).im : fresnel(x).im; }
