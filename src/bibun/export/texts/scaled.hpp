/// The integral of f from 0 to width by Takahasi and Mori's formula for finite ranges.
template <typename Function>
inline double integral_to(double width, Function f) {
  double sum = 0;
  for (int k = -64; k <= 64; ++k) {
    const double q = 1.57079632679489661923 * std::sinh(0.05 * k);
    const double below = 1 / (1 + std::exp(-2 * q)), above = 1 / (1 + std::exp(2 * q));
    sum += std::cosh(0.05 * k) * below * above * f(width * below);
  }
  return 0.05 * 3.14159265358979323846 * width * sum;
}
template <int n>
inline double whole_power(double x) {
  double y = 1;
  for (int k = 0; k < n; ++k) y *= x;
  return y;
}

/// The n-th derivatives by x of exp(-x) I_v(x), or exp(x) K_v(x), by those of other orders: twice I_v' =
/// I_(v-1) + I_(v+1), and K with the other sign.
template <int n, typename Function>
inline double scaled_terms(double sign, double v, double x, Function f) {
  double y = 0, first = 1;
  for (int j = 0; j <= n; ++j) {
    double second = 1;
    for (int i = 0; i <= j; ++i) {
      const double factor = ((n - j) % 2 ? sign : 1) * std::pow(-sign / 2, j);
      y += first * second * factor * f(v - j + 2 * i, x);
      second *= (j - i) / (i + 1.0);
    }
    first *= (n - j) / (j + 1.0);
  }
  return y;
}

/// Where these would cancel, by integrals of one sign (DLMF 10.32.9, 10.32.4), or for large x by Hankel's
/// series, differentiated (10.40.1).
template <int n>
inline double scaled_k(double v, double x) {
  if (std::isinf(x) && x > 0) return 0;
  if (!(x >= 2 && std::fabs(v) < x / 3)) return scaled_terms<n>(1, v, x, kve);
  const double top = std::asinh(std::fabs(v) / x), width = 10 / std::sqrt(x);
  const double low = top > width ? top - width : 0, step = (top + width - low) / 64;
  double sum = 0;
  for (int k = 0; k <= 64; ++k) {
    const double t = low + k * step, half = std::sinh(t / 2), w = 2 * half * half;
    const double part = (std::exp(v * t - x * w) + std::exp(-v * t - x * w)) / 2 * whole_power<n>(w);
    sum += k == 0 && low == 0 ? part / 2 : part;
  }
  return (n % 2 ? -step : step) * sum;
}
template <int n>
inline double scaled_i(double v, double x) {
  if (std::isinf(x) && x > 0) return 0;
  if (!(x >= 1 && v * v < (x < 60 ? 4 : 8) * x)) return scaled_terms<n>(-1, v, x, ive);
  if (x >= 30) {
    double sum = 0, term = 1;
    for (int k = 0; k < 40 && std::fabs(term) > 1e-30; ++k) {
      double part = term * std::pow(x, -(k + 0.5 + n));
      for (int j = 0; j < n; ++j) part *= -(k + 0.5 + j);
      sum += part;
      term *= -(4 * v * v - (2.0 * k + 1) * (2 * k + 1)) / (8 * (k + 1));
    }
    return sum / 2.50662827463100050242;
  }
  const double pi = 3.14159265358979323846, turn = sine_of_order(v);
  const double y = integral_to(pi, [v, x](double t) {
    const double s = std::sin(t / 2), w = 2 * s * s;
    return whole_power<n>(-w) * std::exp(-x * w) * std::cos(v * t);
  });
  const double rest = integral_to(std::acosh(1 + 80 / x) + 1, [v, x](double t) {
    const double w = 1 + std::cosh(t);
    return whole_power<n>(-w) * std::exp(-x * w - v * t);
  });
  return (y - turn * rest) / pi;
}
