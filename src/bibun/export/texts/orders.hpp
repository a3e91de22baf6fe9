/// Bessel functions of any real order: whole steps lead to an order from -1/2 to 1/2, by which those
/// that grow go up, and the others down. Temme, On the numerical evaluation of the ordinary Bessel
/// function of the second kind, J. Comput. Phys. 21, 1976; Barnett et al., Coulomb wave functions for
/// all real eta and rho, Comput. Phys. Commun. 8, 1974. Orders beyond a million are nan.
struct Neighbours {
  double here, next;  // of an order, and of the next one
};
inline bool is_order(double v) { return std::fabs(v) <= 1e6; }
inline double sine_of_order(double v) {
  const double n = std::rint(v), y = std::sin(3.14159265358979323846 * (v - n));
  return std::fmod(n, 2) == 0 ? y : -y;
}
inline double cosine_of_order(double v) {
  const double n = std::rint(v), r = v - n;
  const double y = std::fabs(r) == 0.5 ? 0 : std::cos(3.14159265358979323846 * r);
  return std::fmod(n, 2) == 0 ? y : -y;
}

/// K and its next, or -Y, of |v| <= 1/2 and 0 < x < 2: Temme's series.
inline Neighbours second_near(double v, double x, bool modified) {
  static const double odd[] = {-0.577215664901532861,  0.0420026350340952355, 0.0421977345555443367,
                               -0.00721894324666309954, 0.000215241674114950973,
                               0.0000201348547807882387, -1.13302723198169588e-6,
                               -6.11609510448141582e-9,  1.18127457048702014e-9,
                               -7.78226343990507125e-12};
  static const double even[] = {1, -0.655878071520253881, 0.16653861138229149,
                                -0.00962197152787697356, -0.00116516759185906511,
                                0.000128050282388116186, -1.25049348214267066e-6,
                                -2.0563384169776071e-7,  5.00200764446922293e-9,
                                1.04342671169110051e-10, -3.69680561864220571e-12};
  const double pi = 3.14159265358979323846, square = v * v;
  const double log = x > 1e-300 ? std::log(2 / x) : 0.69314718055994530942 - std::log(x), s = v * log;
  double first = 0, second = 0;  // of 1 / gamma(1 - v) and 1 / gamma(1 + v)
  for (int k = 9; k >= 0; --k) first = first * square + odd[k];
  for (int k = 10; k >= 0; --k) second = second * square + even[k];
  const double turn = v == 0 ? 1 : pi * v / std::sin(pi * v);
  const double slope = std::fabs(s) < 1e-8 ? 1 : std::sinh(s) / s, e = std::exp(s);
  double f = turn * (first * std::cosh(s) + slope * log * second);
  double p = 0.5 * e / (second - v * first), q = 0.5 / e / (second + v * first);
  const double sine = std::sin(pi * v / 2), mixed = v == 0 || modified ? 0 : 2 * sine * sine / v;
  const double c = (modified ? x : -x) * x / 4;
  double power = 1, here = f + mixed * q, next = p;
  for (int k = 1; k < 40; ++k) {
    f = (k * f + p + q) / (k * k - square);
    power *= c / k;
    p /= k - v;
    q /= k + v;
    const double g = f + mixed * q;
    here += power * g;
    next += power * (p - k * g);
  }
  const double scale = modified ? 1 : 2 / pi;
  return {scale * here, scale * (2 / x * next)};
}

/// exp(x) K of |v| <= 1/2 and x >= 2: the integral of exp(-x cosh(t)) cosh(v t) by the trapezoidal rule,
/// which converges faster than any power of the step (DLMF 10.32.9).
inline Neighbours modified_far(double v, double x) {
  const double step = x > 25 ? 0.6 / std::sqrt(x) : 0.125;
  Neighbours y{0.5, 0.5};
  for (int k = 1; k < 200; ++k) {
    const double t = step * k, half = std::sinh(t / 2), weight = std::exp(-2 * x * half * half);
    y.here += weight * std::cosh(v * t);
    y.next += weight * std::cosh((v + 1) * t);
    if (weight * std::cosh((v + 1) * t) < 1e-18 * y.next) break;
  }
  return {y.here * step, y.next * step};
}

/// exp(x) K_v(x).
inline double kve(double v, double x) {
  v = std::fabs(v);
  if (!is_order(v) || !(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0 || std::isinf(x)) return x == 0 ? std::numeric_limits<double>::infinity() : 0;
  const double steps = std::rint(v), mu = v - steps;
  Neighbours y = x < 2 ? second_near(mu, x, true) : modified_far(mu, x);
  for (double k = 0; k < steps && !std::isinf(y.here); ++k) y = {y.next, 2 * (mu + k + 1) / x * y.next + y.here};
  return x < 2 ? y.here * std::exp(x) : y.here;
}
inline double kv(double v, double x) {
  const double y = kve(v, x);
  return std::isinf(y) ? y : std::exp(-x / 2) * y * std::exp(-x / 2);
}
inline double kn(double n, double x) { return kv(n, x); }
inline double k0e(double x) { return kve(0, x); }
inline double k1e(double x) { return kve(1, x); }

/// exp(-x) I_v(x), v >= 0 and x > 0: products of Poisson's terms about the largest, all of one sign (DLMF
/// 10.25.2), or the asymptotic series (10.40.1).
inline double modified_first(double v, double x) {
  if (x > 40 + v * v / 2) {
    double sum = 1, term = 1;
    for (int k = 1; k < 80; ++k) {
      term *= ((2.0 * k - 1) * (2.0 * k - 1) - 4 * v * v) / (8 * k * x);
      sum += term;
      if (std::fabs(term) < 1e-18) break;
    }
    return sum / std::sqrt(6.28318530717958647693) / std::sqrt(x);
  }
  const double square = x / 2 * (x / 2), top = std::floor(2 * square / (v + std::hypot(v, x)));
  double sum = 1, term = 1;
  for (double k = top + 1; term > 1e-18 * sum; ++k) sum += term *= square / (k * (v + k));
  term = 1;
  for (double k = top; k > 0 && term > 1e-18 * sum; --k) sum += term *= k * (v + k) / square;
  const double order = v + top, lost = v > top ? (v - order) + top : (top - order) + v;
  if (lost != 0) sum *= 1 + lost * std::log(x / 2 / (order + 0.5));
  return gamma_term(top, x / 2) * gamma_term(order, x / 2) * sum;
}

/// exp(-|x|) I_v(x); of v < 0 by K_v (10.27.2).
inline double ive(double v, double x) {
  const bool whole = v == std::floor(v);
  if (!is_order(v) || std::isnan(x) || (x < 0 && !whole)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double sign = x < 0 && std::fmod(v, 2) != 0 ? -1 : 1, u = std::fabs(x), size = std::fabs(v);
  if (std::isinf(x)) return 0;
  if (x == 0) {
    if (v == 0) return 1;
    return v > 0 || whole ? 0 : sine_of_order(size) * std::numeric_limits<double>::infinity();
  }
  const double y = modified_first(size, u);
  if (v > 0 || whole) return sign * y;
  return y + 0.63661977236758134308 * sine_of_order(size) * (kve(size, u) * std::exp(-2 * u));
}
inline double iv(double v, double x) {
  const double y = ive(v, x), half = std::exp(std::fabs(x) / 2);
  if (std::isinf(x) && !std::isnan(y)) return x < 0 && std::fmod(v, 2) == 0 ? -x : x;
  return y == 0 ? y : half * y * half;
}

/// J_v and Y_v, v >= 0 and x > 0.
struct Both {
  double j, y;
};

/// Hankel's series for large x (10.17.3), whose angle x - (v / 2 + 1 / 4) pi is never formed.
inline Both ordinary_far(double v, double x) {
  double p = 1, q = 0, term = 1;
  for (int k = 1; k < 80; ++k) {
    term *= (4 * v * v - (2.0 * k - 1) * (2.0 * k - 1)) / (8 * k * x);
    (k % 2 ? q : p) += k % 4 < 2 ? term : -term;
    if (std::fabs(term) < 1e-18) break;
  }
  const double s = std::sin(x), c = std::cos(x), root = 0.79788456080286535588 / std::sqrt(x);
  const double a = sine_of_order(v / 2 + 0.25), b = cosine_of_order(v / 2 + 0.25);
  const double along = c * b + s * a, across = s * b - c * a;
  return {root * (p * along - q * across), root * (p * across + q * along)};
}

/// J_v by its power series (10.2.2), for small x or large orders.
inline double ordinary_series(double v, double x) {
  const double square = x / 2 * (x / 2);
  double sum = 1, term = 1;
  for (double k = 1; std::fabs(term) > 1e-18 * std::fabs(sum); ++k) sum += term *= -square / (k * (v + k));
  if (v < 1) return std::pow(x / 2, v) / std::tgamma(v + 1) * sum;
  return gamma_term(v, x / 2) * std::exp(x / 2) * sum;
}

/// Both for x >= 2 by Steed's method (NIST DLMF 10.74.v): J' / J of the order of -1/2 to 1/2 comes down
/// from orders at which J is nothing, and that of J + i Y, which is p + i q, is a continued fraction.
inline Both ordinary_steed(double v, double x, double steps) {
  const double mu = v - steps, most = steps > x ? steps : x, none = std::numeric_limits<double>::quiet_NaN();
  if (x > 1e7) return {none, none};
  double above = 0, j = 1e-250, first = 0;
  for (double k = std::floor(most + 12 * std::cbrt(most) + 20); k >= 0; --k) {  // j of mu + k
    if (k == steps) first = j;
    if (k == 0) break;
    const double before = 2 * (mu + k) / x * j - above;
    above = j;
    j = before;
    if (std::fabs(j) > 1e200) {
      for (double* y : {&above, &j, &first}) *y *= 1e-200;
    }
  }
  const double f = mu / x - above / j;
  double re = 0, im = 0;
  for (int k = 12 + static_cast<int>(120 / x); k > 0; --k) {
    const double a = (k - 0.5) * (k - 0.5) - mu * mu, u = 2 * x + re, w = 2.0 * k + im, size = u * u + w * w;
    re = a * (u / size);
    im = -a * (w / size);
  }
  const double p = -0.5 / x - im / x, q = 1 + re / x, ratio = (p - f) / q;
  const double here = std::copysign(std::sqrt(0.63661977236758134308 / x / ((p - f) * ratio + q)), j);
  Neighbours y{here * ratio, 0};
  y.next = mu / x * y.here - here * (p * ratio + q);
  for (double k = 0; k < steps && !std::isinf(y.here); ++k) y = {y.next, 2 * (mu + k + 1) / x * y.next - y.here};
  return {first * (here / j), y.here};
}
inline Both ordinary(double v, double x) {
  if (x > 40 + v * v / 2) return ordinary_far(v, x);
  const double steps = std::rint(v), mu = v - steps;
  if (x >= 2) {
    Both both = ordinary_steed(v, x, steps);
    if (x * x < 4 * (v + 1)) both.j = ordinary_series(v, x);
    return both;
  }
  Neighbours y = second_near(mu, x, false);
  for (double k = 0; k < steps && !std::isinf(y.here); ++k) y = {y.next, 2 * (mu + k + 1) / x * y.next - y.here};
  return {ordinary_series(v, x), -y.here};
}

/// Of any order by reflection (10.2.3, 10.4.6).
inline double jv(double v, double x) {
  const bool whole = v == std::floor(v);
  if (!is_order(v) || std::isnan(x) || (x < 0 && !whole)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double odd = std::fmod(v, 2) != 0 ? -1 : 1, size = std::fabs(v), s = sine_of_order(size);
  if (std::isinf(x)) return 0;
  if (x == 0) return v == 0 ? 1 : v > 0 || whole ? 0 : s * std::numeric_limits<double>::infinity();
  const Both both = ordinary(size, std::fabs(x));
  if (whole) return ((x < 0) != (v < 0) ? odd : 1) * both.j;
  return v > 0 ? both.j : cosine_of_order(size) * both.j - s * both.y;
}
inline double yv(double v, double x) {
  if (!is_order(v) || !(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0 || std::isinf(x)) return x == 0 ? -std::numeric_limits<double>::infinity() : 0;
  const Both both = ordinary(std::fabs(v), x);
  if (v >= 0) return both.y;
  const double s = sine_of_order(-v), c = cosine_of_order(v);
  return s * both.j + (c == 0 ? 0 : c * both.y);
}
inline double jve(double v, double x) { return jv(v, x); }
inline double yve(double v, double x) { return yv(v, x); }
inline double yn(double n, double x) { return yv(n, x); }

/// The limit of hypergeometric functions, 0F1(v; z) (DLMF 10.16.9): its series, or where that would
/// cancel by J or I.
inline double hyp0f1(double v, double z) {
  const bool pole = v <= 0 && v == std::floor(v);
  if (std::isnan(z) || std::isnan(v) || pole) return std::numeric_limits<double>::quiet_NaN();
  if (std::fabs(z) <= 1 || (v > 0 && z > -v)) {
    double sum = 1, term = 1;
    for (double k = 1; std::fabs(term) > 1e-18 * std::fabs(sum) || (v > -100 && v + k <= 1); ++k) {
      sum += term *= z / k / (v + (k - 1));
      if (std::isinf(sum)) break;
    }
    return sum;
  }
  const double root = std::sqrt(std::fabs(z)), y = z > 0 ? iv(v - 1, 2 * root) : jv(v - 1, 2 * root);
  if (v < 170 && v > -170) return std::tgamma(v) * std::pow(root, 1 - v) * y;
  const double log = (1 - v) * std::log(root) + std::lgamma(v);
  return (v > 0 || std::fmod(std::floor(v), 2) == 0 ? 1 : -1) * std::exp(log) * y;
}
