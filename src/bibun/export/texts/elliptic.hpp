/// Carlson's R_F and R_D of x, y, z >= 0, by duplication: Numerical computation of real or complex
/// elliptic integrals, 1995; DLMF 19.36(i), with all terms up to the seventh power.
inline double elliptic_f(double x, double y, double z) {
  if (!(x >= 0 && y >= 0 && z >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x + y == 0 || x + z == 0 || y + z == 0) return std::numeric_limits<double>::infinity();
  if (std::isinf(x) || std::isinf(y) || std::isinf(z)) return 0;
  for (int k = 0; k < 1000; ++k) {
    const double mean = (x / 3 + y / 3) + z / 3, u = 1 - x / mean, v = 1 - y / mean, w = -(u + v);
    if (std::fmax(std::fmax(std::fabs(u), std::fabs(v)), std::fabs(w)) < 0.008) {
      const double e = u * v - w * w, f = u * v * w;
      const double more = e * (e / 24 - 0.1 - 3 * f / 44 - e * (5 * e / 208 - f / 16));
      return (1 + (more + f * (1.0 / 14 + 3 * f / 104))) / std::sqrt(mean);
    }
    const double a = std::sqrt(x), b = std::sqrt(y), c = std::sqrt(z), l = a * b + a * c + b * c;
    x = (x / 4 + l / 4);
    y = (y / 4 + l / 4);
    z = (z / 4 + l / 4);
  }
  return std::numeric_limits<double>::quiet_NaN();
}
inline double elliptic_d(double x, double y, double z) {
  if (!(x >= 0 && y >= 0 && z >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x + y == 0 || z == 0) return std::numeric_limits<double>::infinity();
  if (std::isinf(x) || std::isinf(y) || std::isinf(z)) return 0;
  double sum = 0, power = 1;
  for (int k = 0; k < 1000; ++k) {
    const double mean = x / 5 + y / 5 + z * 0.6, u = 1 - x / mean, v = 1 - y / mean;
    const double w = -(u + v) / 3;
    if (std::fmax(std::fmax(std::fabs(u), std::fabs(v)), std::fabs(w)) < 0.004) {
      const double s = w * w, e = u * v - 6 * s, f = (3 * u * v - 8 * s) * w, g = 3 * (u * v - s) * s;
      const double h = u * v * w * s, second = e * (9 * e / 88 - 3.0 / 14 - 9 * f / 52 - e * e / 16);
      const double third = f * (1.0 / 6 + 3 * f / 40 + 45 * e * e / 272 - 9 * g / 68);
      const double rest = g * (3 * e / 20 - 3.0 / 22) + h * (3.0 / 26 - 9 * e / 68);
      return 3 * sum + power * (1 + (second + third + rest)) / (mean * std::sqrt(mean));
    }
    const double a = std::sqrt(x), b = std::sqrt(y), c = std::sqrt(z), l = a * b + a * c + b * c;
    sum += power / (c * (z + l));
    power /= 4;
    x = (x / 4 + l / 4);
    y = (y / 4 + l / 4);
    z = (z / 4 + l / 4);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// The integral from 0 to infinity of (t + x)^(-p/2) (t + y)^(-q/2) (t + z)^(-r/2) dt: 2 R_F, 2/3 R_D,
/// or by the trapezoidal rule in log(t), which converges geometrically.
template <int p, int q, int r>
inline double carlson(double x, double y, double z) {
  if (p == 1 && q == 1 && r == 1) return 2 * elliptic_f(x, y, z);
  if (p == 3 && q == 1 && r == 1) return elliptic_d(y, z, x) * (2.0 / 3);
  if (p == 1 && q == 3 && r == 1) return elliptic_d(x, z, y) * (2.0 / 3);
  if (p == 1 && q == 1 && r == 3) return elliptic_d(x, y, z) * (2.0 / 3);
  const double infinite = std::numeric_limits<double>::infinity(), args[] = {x, y, z};
  double low = infinite, high = 0;
  bool end = false;
  for (double a : args) {
    if (std::isnan(a)) return a;
    end = end || a == 0;
    low = a != 0 && a < low ? a : low;
    high = a > high ? a : high;
  }
  low = std::log(low) - (end ? 76 : 38);
  high = std::log(high) + 26;
  const double step = (high - low) / 200;
  double sum = 0;
  for (int k = 0; k <= 200; ++k) {
    const double t = std::exp(low + k * step);
    sum += t * std::pow(t + x, -0.5 * p) * std::pow(t + y, -0.5 * q) * std::pow(t + z, -0.5 * r);
  }
  return step * sum;
}

/// K(1 - p) by the arithmetic-geometric mean (DLMF 19.8.5), and E(m) by integrals of one sign
/// (19.25.1).
inline double ellipkm1(double p) {
  if (!(p >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || std::isinf(p)) return p == 0 ? std::numeric_limits<double>::infinity() : 0;
  double a = 1, b = std::sqrt(p);
  for (int k = 0; k < 20 && std::fabs(a - b) > 1e-16 * a; ++k) {
    const double mean = (a + b) / 2;
    b = std::sqrt(a) * std::sqrt(b);
    a = mean;
  }
  return 3.14159265358979323846 / (a + b);
}
inline double ellipk(double m) { return ellipkm1(1 - m); }
inline double ellipe(double m) {
  const double p = 1 - m;
  if (!(p >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || std::isinf(p)) return p == 0 ? 1 : p;
  return p / 3 * (elliptic_d(0, p, 1) + elliptic_d(0, 1, p));
}

/// The derivative of pi/2 2F1(a, 1/2; 1; m) of order n > 1, with p = 1 - m, from the function and its
/// first derivative by Euler's equation; for small m its series.
inline double complete_slope(double a, int n, double before, double y, double m, double p) {
  if (std::fabs(m) < 0.5) {
    double sum = 0, term = 1.57079632679489661923;
    for (int k = 0; k < n; ++k) term *= (a + k) * (0.5 + k) / (k + 1);
    for (int k = n; k < n + 60; ++k) {
      sum += term;
      term *= m * (a + k) * (0.5 + k) / ((k + 1.0) * (k + 1 - n));
    }
    return sum;
  }
  for (int k = 0; k < n - 1; ++k) {
    const double next = ((a + k) * (0.5 + k) * before - (1 + k - (a + 1.5 + 2 * k) * m) * y) / m / p;
    before = y;
    y = next;
  }
  return y;
}
inline double first_slope_of_k(double p) {
  return p <= 1e250 ? elliptic_d(0, 1, p) / 6 : std::isnan(p) ? p : 0;
}
template <int n>
inline double ellipk_slope(double m) {
  const double first = first_slope_of_k(1 - m);
  return n == 1 ? first : complete_slope(0.5, n, ellipk(m), first, m, 1 - m);
}
template <int n>
inline double ellipkm1_slope(double p) {
  const double first = first_slope_of_k(p);
  const double y = n == 1 ? first : complete_slope(0.5, n, ellipkm1(p), first, 1 - p, p);
  return n % 2 ? -y : y;
}
template <int n>
inline double ellipe_slope(double m) {
  const double p = 1 - m, first = p > 1e250 ? -0.5 / std::sqrt(p) : elliptic_d(0, p, 1) / -6;
  return n == 1 ? first : complete_slope(-0.5, n, ellipe(m), first, m, p);
}

/// Legendre's integrals of the first and the second kind: full half turns, and what is left of the
/// angle by integrals of which all terms have one sign (DLMF 19.25.5, 19.25.9, 19.25.10).
struct Angle {
  double turns, sine, cosine, rest;  // rest = 1 - m sine^2
};
inline Angle angle_of(double phi, double m) {
  const double turns = std::rint(phi * 0.31830988618379067154);
  const double part = std::fma(-turns, 3.14159265358979311600, phi) - turns * 1.2246467991473532e-16;
  const double s = std::sin(part), c = std::cos(part);
  return {turns, s, c, c * c + (1 - m) * s * s};
}
inline double ellipkinc(double phi, double m) {
  if (std::isnan(phi) || !(m <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (std::isinf(phi)) return std::isinf(m) ? std::numeric_limits<double>::quiet_NaN() : phi;
  if (phi == 0 || std::isinf(m)) return 0;
  const Angle a = angle_of(phi, m);
  if (m == 1 && a.turns != 0) return std::copysign(std::numeric_limits<double>::infinity(), phi);
  const double part = a.sine * elliptic_f(a.cosine * a.cosine, a.rest, 1);
  return a.turns == 0 ? part : part + 2 * a.turns * ellipk(m);
}
inline double ellipeinc(double phi, double m) {
  if (std::isnan(phi) || !(m <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (std::isinf(phi)) return std::isinf(m) ? std::numeric_limits<double>::quiet_NaN() : phi;
  if (phi == 0) return 0;
  if (std::isinf(m)) return -m;
  const Angle a = angle_of(phi, m);
  const double c = a.cosine * a.cosine, cube = a.sine * a.sine * a.sine * (m / 3);
  double part = a.sine;
  if (m < 0) {
    part = a.sine * elliptic_f(c, a.rest, 1) - cube * elliptic_d(c, a.rest, 1);
  } else if (m < 1) {
    part = a.sine * elliptic_f(c, a.rest, 1) + cube * elliptic_d(c, 1, a.rest);
    part = (1 - m) * part + m * a.sine * a.cosine / std::sqrt(a.rest);
  }
  return a.turns == 0 ? part : part + 2 * a.turns * ellipe(m);
}
