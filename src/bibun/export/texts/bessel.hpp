/// exp(-|x|) I_n(x): its series has terms of one sign; for large x Hankel's (Abramowitz and Stegun
/// 9.6.10 and 9.7.1).
template <int n>
inline double bessel_i_scaled(double x) {
  const double size = std::fabs(x), sign = x < 0 && n % 2 ? -1 : 1;
  if (size > 30 + n * n) {
    double sum = 1, term = 1;
    for (int k = 1; k < 60; ++k) {
      const double next = term * ((2.0 * k - 1) * (2.0 * k - 1) - 4.0 * n * n) / (8 * k * size);
      if (!(std::fabs(next) < std::fabs(term)) || std::fabs(next) < 1e-18) break;
      sum += term = next;
    }
    return sign * sum / std::sqrt(6.28318530717958647693 * size);
  }
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-18 * sum; ++k) sum += term *= size / 2 / k * (size / 2) / (k + n);
  double first = std::exp(-size) * sign;
  for (int k = 1; k <= n; ++k) first *= size / 2 / k;
  return first * sum;
}
template <int n>
inline double bessel_i(double x) {
  if (std::isinf(x)) return x < 0 && n % 2 ? x : std::fabs(x);
  return bessel_i_scaled<n>(x) * std::exp(std::fabs(x) / 2) * std::exp(std::fabs(x) / 2);
}

/// The n-th derivative of exp(-x) I_0(x) for x >= 0: 1 / pi int (-v)^n exp(-x v) with v = 1 - cos, by
/// the midpoint rule; for large x Hankel's series, differentiated (9.6.16 and 9.7.1).
template <int n>
inline double bessel_i0e_slope(double x) {
  double sum = 0;
  if (x < 30) {
    for (int k = 0; k < 64; ++k) {
      const double s = std::sin((k + 0.5) * (3.14159265358979323846 / 128)), v = 2 * s * s;
      double term = std::exp(-x * v);
      for (int j = 0; j < n; ++j) term *= -v;
      sum += term;
    }
    return sum / 64;
  }
  double coefficient = 1;
  for (int k = 0; k < 20; ++k) {
    double term = coefficient * std::pow(x, -(k + 0.5 + n));
    for (int j = 0; j < n; ++j) term *= -(k + 0.5 + j);
    sum += term;
    coefficient *= (2.0 * k + 1) * (2.0 * k + 1) / (8 * (k + 1.0));
  }
  return sum / 2.50662827463100050242;
}

/// K_n(x), x > 0, the integral of exp(-x cosh t) cosh(n t) by the trapezoidal rule, which converges
/// faster than any power of the step (9.6.24).
template <int n>
inline double bessel_k(double x) {
  if (!(x > 0)) return x == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  if (x > 800) return 0;  // below all numbers, as exp(-x) is
  const double step = x > 25 ? 0.6 / std::sqrt(x) : 0.125;  // the integrand becomes narrow
  double sum = 0.5;
  for (int k = 1;; ++k) {
    const double t = step * k, half = std::sinh(t / 2);
    const double power = n * t - 2 * x * half * half;
    sum += 0.5 * std::exp(power) * (1 + std::exp(-2 * n * t));
    if (power < -45 + std::log(sum) && x * std::sinh(t) > n) break;
  }
  return step * sum * std::exp(-x);
}

/// J_n and Y_n of one x >= 0.
struct Bessel {
  double j, y;
};

/// Hankel's asymptotic series (9.2.5 to 9.2.10). The angle x - (2 n + 1) pi / 4 is never formed.
inline Bessel bessel_far(int n, double x) {
  double p = 1, q = 0, term = 1;
  for (int k = 1; k < 60; ++k) {
    const double next = term * (4.0 * n * n - (2.0 * k - 1) * (2.0 * k - 1)) / (8 * k * x);
    if (std::fabs(next) >= std::fabs(term) && k > n) break;
    term = next;
    (k % 2 ? q : p) += k % 4 < 2 ? term : -term;
    if (std::fabs(term) < 1e-18) break;
  }
  const double s = std::sin(x), c = std::cos(x), root = 1 / std::sqrt(3.14159265358979323846 * x);
  // sqrt(2) cos and sin of the angle, by a quarter turn for each n
  double along = n % 2 ? s - c : c + s, across = n % 2 ? -(s + c) : s - c;
  if (n % 4 >= 2) {
    along = -along;
    across = -across;
  }
  return {root * (p * along - q * across), root * (p * across + q * along)};
}

/// Their first terms (9.1.7 to 9.1.9), next to which others are less than a rounding error.
inline Bessel bessel_beside_zero(int n, double x) {
  double j = 1, y = -0.31830988618379067154 * (2 / x);
  for (int k = 1; k <= n; ++k) j *= x / 2 / k;
  for (int k = 1; k < n; ++k) y *= 2 * k / x;
  return {j, n > 0 ? y : 0.63661977236758134308 * (std::log(x / 2) + 0.57721566490153286061)};
}

/// J_n by the recurrence from above, which is stable (Miller's), scaled by 1 = J_0 + 2 J_2 + ...;
/// Y_0 and its derivative by Neumann's series (9.1.89), further Y_n by the recurrence.
inline Bessel bessel_near(int n, double x) {
  const double infinite = std::numeric_limits<double>::infinity();
  if (x == 0) return {n == 0 ? 1.0 : 0.0, -infinite};
  const int most = (n > static_cast<int>(x) ? n : static_cast<int>(x)) / 2 * 2 + 60;
  double above = 0, here = 1e-300, sum = 0, found = 0, j1 = 0, series = 0, slopes = 0;
  for (int k = most; k > 0; --k) {  // here is J_k, above J_(k+1)
    if (k == n) found = here;
    if (k == 1) j1 = here;
    const double below = 2 * k / x * here - above;
    if (k % 2 == 0) {
      sum += 2 * here;
      const double sign = k / 2 % 2 ? -1 : 1;
      series += sign * here / (k / 2);
      slopes += sign * (below - above) / 2 / (k / 2);
    }
    above = here;
    here = below;
    if (std::fabs(here) > 1e200) {
      for (double* v : {&above, &here, &sum, &found, &j1, &series, &slopes}) *v *= 1e-250;
    }
  }
  sum += here;
  const double scale = 1 / sum, j0 = here * scale, two_by_pi = 0.63661977236758134308;
  j1 *= scale;
  const double log_half = std::log(x / 2) + 0.57721566490153286061;
  double before = two_by_pi * log_half * j0 - 2 * two_by_pi * series * scale;
  double y = -two_by_pi * (j0 / x - log_half * j1) + 2 * two_by_pi * slopes * scale;  // -Y_0'
  for (int k = 1; k < n; ++k) {
    const double next = 2 * k / x * y - before;
    before = y;
    y = next;
  }
  return {n == 0 ? j0 : found * scale, n == 0 ? before : y};
}
inline Bessel bessel_both(int n, double x) {
  if (std::isnan(x)) return {x, x};
  if (std::isinf(x)) return {0, 0};
  if (x > 0 && x < 1e-9) return bessel_beside_zero(n, x);
  return x > 30 + n * n ? bessel_far(n, x) : bessel_near(n, x);
}

template <int n>
inline double bessel_j(double x) {
  const double y = bessel_both(n, std::fabs(x)).j;
  return x < 0 && n % 2 ? -y : y;
}
template <int n>
inline double bessel_y(double x) {
  return x < 0 ? std::numeric_limits<double>::quiet_NaN() : bessel_both(n, x).y;
}
