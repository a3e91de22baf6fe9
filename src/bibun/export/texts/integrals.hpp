/// Dawson's integral, exp(-x^2) times that of exp(t^2) from 0 to x: a series of terms of one sign
/// (DLMF 7.6.3), Rybicki's sum (Computers in Physics 3, 1989, 85), whose error is exp(-39), or the
/// asymptotic series (DLMF 7.12.1).
inline double dawsn(double x) {
  const double square = x * x, u = std::fabs(x);
  double sum = 1, term = 1;
  if (u < 1.5) {
    for (int k = 1; term > 1e-17 * sum; ++k) {
      term *= square / k;
      sum += term / (2 * k + 1);
    }
    return x * sum * std::exp(-square) * (1 - std::fma(x, x, -square));
  }
  if (u < 6.5) {
    sum = 0;
    for (int k = -21; k < 53; k += 2) {
      const double t = u - 0.25 * k;
      sum += std::exp(-t * t) / k;
    }
    return std::copysign(sum * 0.56418958354775628695, x);
  }
  for (int k = 1; k < 40 && std::fabs(term) > 1e-17; ++k) sum += term *= (2 * k - 1) / (2 * square);
  return sum / (2 * x);
}

/// The n-th derivative, n > 0. For |x| < 2 the recurrence y_(n+1) = -2 x y_n - 2 n y_(n-1), from 8 on
/// the series of powers of 1 / x (DLMF 7.12.1), differentiated; between, (-2)^n times the integral of
/// u^n exp(u^2 - 2 x u) from 0 to x and a polynomial times exp(-x^2), which has no cancellation.
template <int n>
inline double dawsn_slope(double x) {
  const double u = std::fabs(x), sign = x < 0 && n % 2 == 0 ? -1 : 1;
  if (std::isnan(x)) return x;
  if (u < 2) {
    double before = dawsn(u), y = 1 - 2 * u * before;
    for (int k = 1; k < n; ++k) {
      const double next = -2 * u * y - 2 * k * before;
      before = y;
      y = next;
    }
    return sign * y;
  }
  if (u >= 8) {
    const double v = 1 / u / u;
    double sum = 0, term = 0.5;
    for (int k = 2; k <= n; ++k) term *= k;
    for (int k = 0; k < 32; ++k) {
      sum += term;
      term *= v * (k + 0.5) * (2 * k + 1 + n) * (2 * k + 2 + n) / ((2.0 * k + 1) * (2 * k + 2));
    }
    for (int k = 0; k <= n; ++k) sum /= u;
    return n % 2 ? -sum : sign * sum;
  }
  constexpr unsigned count = n + 1;
  double edge[count] = {}, above[count] = {};  // polynomials: edge' - 2 x edge + (-2 x)^k
  double power = 1;
  for (int k = 0; k < n; ++k, power *= -2) {
    for (int j = 0; j <= k; ++j) {
      above[j] = (j < k ? (j + 1) * edge[j + 1] : 0) - (j > 0 ? 2 * edge[j - 1] : 0);
    }
    above[k] += power;
    std::copy(above, above + k + 1, edge);
  }
  double outside = 0, inside = 0;
  for (int j = n - 1; j >= 0; --j) outside = outside * u + edge[j];
  const int steps = 64;  // by Takahasi and Mori's formula for a finite range
  for (int k = -steps; k <= steps; ++k) {
    const double s = 3.2 / steps * k, q = 1.57079632679489661923 * std::sinh(s);
    const double t = u / (1 + std::exp(-2 * q)), rest = u / (1 + std::exp(2 * q));
    double weight = 3.2 / steps * 3.14159265358979323846 * std::cosh(s) * (t / u) * rest;
    for (int j = 0; j < n; ++j) weight *= -2 * t;
    inside += weight * std::exp(-t * (2 * u - t));
  }
  return sign * (outside * std::exp(-u * u) + inside);
}

/// The integral of log(t) / (1 - t) from 1 to x, in powers of log(x) (Lewin, Polylogarithms and
/// associated functions, 1981, section 1.1), x moved to 1/2 to 2 by Euler's and Landen's formulas.
inline double spence(double x) {
  static const double coefficients[] = {  // B_2k / (2k + 1)!
      1.0 / 36, -1.0 / 3600, 1.0 / 211680, -1.0 / 10886400, 1.0 / 526901760,
      -4.0647616451442255269e-11, 8.9216910204564525552e-13, -1.9939295860721075687e-14,
      4.5189800296199181917e-16, -1.0356517612182470945e-17, 2.3952186210261867457e-19};
  if (!(x >= 0) || std::isinf(x)) {
    return std::isinf(x) && x > 0 ? -x : std::numeric_limits<double>::quiet_NaN();
  }
  const double sixth = 1.64493406684822643647;
  if (x == 0) return sixth;
  const double log = std::log(x);
  if (x < 0.5) return sixth - log * std::log1p(-x) - spence(1 - x);
  if (x > 2) return -0.5 * log * log - spence(1 / x);
  const double square = log * log;
  double sum = 0;
  for (int k = 10; k >= 0; --k) sum = sum * square + coefficients[k];
  return -log * (1 + log / 4 + square * sum);
}

/// The y of y + log(y) = x: W(exp(x)). Newton's method for y exp(y) = exp(x), or from 1 on that of
/// Fritsch, Shafer and Crowley (Communications of the ACM 16, 1973, algorithm 443).
inline double wrightomega(double x) {
  if (std::isinf(x) || x > 1e100) return x > 0 ? x : 0;
  if (x < 1) {
    const double power = std::exp(x);
    double y = power < 0.3 ? power * (1 - power) : 0.3 + 0.2 * x;
    y = y > 0 ? y : power;
    for (int k = 0; k < 8 && y > 1e-17; ++k) y -= (y - power * std::exp(-y)) / (1 + y);
    return y;
  }
  double y = x < 2 ? 0.57 + 0.5 * (x - 1) : x - std::log(x);
  for (int k = 0; k < 3; ++k) {
    const double rest = x - y - std::log(y), more = 1 + y, q = 2 * more * (more + 2 * rest / 3);
    y *= 1 + rest / more * (q - rest) / (q - 2 * rest);
  }
  return y;
}

/// The integral of exp(-x t) / t^n from 1 on: a continued fraction, for x < 1 a series (DLMF 8.19.17
/// and 8.19.8).
inline double expn(double n, double x) {
  if (!(n >= 0 && x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return n > 1 ? 1 / (n - 1) : std::numeric_limits<double>::infinity();
  if (n == 0) return std::exp(-x) / x;
  if (std::isinf(x)) return 0;
  if (x < 1) {
    double sum = n == 1 ? 0 : 1 / (n - 1), term = 1, psi = -0.57721566490153286061;
    if (n == 1) sum = psi - std::log(x);
    for (int k = 1; k < 25; ++k) {
      term *= -x / k;
      psi += 1.0 / k;
      sum += k == n - 1 ? term * (psi - std::log(x)) : term / (n - 1 - k);
    }
    return sum;
  }
  double fraction = 0;
  for (int k = 10 + static_cast<int>(100 / x); k > 0; --k) {
    fraction = (n + (k - 1)) / (1 + k / (x + fraction));
  }
  return std::exp(-x) / (x + fraction);
}
