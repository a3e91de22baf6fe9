/// Huber's loss, and the smooth one, of which no difference loses digits.
inline double huber(double delta, double r) {
  if (delta < 0) return std::numeric_limits<double>::infinity();
  if (std::isnan(delta) || std::isnan(r)) return std::numeric_limits<double>::quiet_NaN();
  return std::fabs(r) <= delta ? 0.5 * r * r : delta * (std::fabs(r) - 0.5 * delta);
}
inline double pseudo_huber(double delta, double r) {
  if (delta < 0) return std::numeric_limits<double>::infinity();
  if (delta == 0 || r == 0) return 0;
  return delta * (r * (r / (std::hypot(delta, r) + delta)));
}

/// x^p - 1.
inline double powm1(double x, double p) {
  if (p == 0 || x == 1) return 0;
  const bool whole = p == std::floor(p);
  if (x < 0 && !whole) return std::numeric_limits<double>::quiet_NaN();
  const double size = whole ? std::fabs(x) : x, power = std::pow(x, p);
  if (!(power > 0.5 && power < 2) || size == 1) return power - 1;
  return std::expm1(p * std::log(size));
}

/// (x^p - 1) / p, and log(x) for p = 0, of x = base + rest and its logarithm: where the power is not
/// near 1 by the power, whose exponent is not rounded.
inline double power_transform(double base, double rest, double log, double p) {
  const double u = p * log;
  if (p == 0 || std::fabs(p) < 1e-300) return log;
  if (std::fabs(u) < 0.7) return std::expm1(u) / p;
  const double plain = std::pow(base, p), more = rest != 0 ? std::exp(p * (rest / base)) : 1;
  const double power = plain > 0 && std::isfinite(plain) ? plain * more : plain;
  if (std::isinf(power) && std::isfinite(u)) {
    const double root = std::pow(base, p / 2);
    return std::isfinite(root) ? root / p * root * more : root / p;
  }
  return (power - 1) / p;
}
inline double boxcox(double x, double p) {
  if (std::isnan(p) || !(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  return power_transform(x, 0, std::log(x), p);
}
inline double boxcox1p(double x, double p) {
  if (std::isnan(p) || !(x >= -1)) return std::numeric_limits<double>::quiet_NaN();
  const double base = 1 + x, rest = std::fabs(x) > 1 ? 1 - (base - x) : x - (base - 1);
  return power_transform(base, std::isfinite(x) ? rest : 0, std::log1p(x), p);
}

/// The x of y = (x^p - 1) / p: (1 + p y)^(1 / p), where what is rounded comes back as a factor.
inline double inv_boxcox(double y, double p) {
  if (p == 0) return std::exp(y);
  const double u = p * y, lost = std::fma(p, y, -u);
  if (std::fabs(u) < 1e-3) {  // y log(1 + u) / u, of which y is exact
    if (std::fabs(y) > 1000) return y > 0 ? std::numeric_limits<double>::infinity() : 0;
    double sum = 0;
    for (int k = 7; k > 0; --k) sum = u * ((k % 2 ? -1.0 : 1.0) / (k + 1) + sum);
    return std::exp(y / 2) * std::exp(y * sum) * std::exp(y / 2);
  }
  if (std::isinf(u) && std::isfinite(y)) {
    return u < 0 ? std::numeric_limits<double>::quiet_NaN()
                 : std::pow(std::fabs(p), 1 / p) * std::pow(std::fabs(y), 1 / p);
  }
  const double base = 1 + u, q = 1 / p, short_of = std::fma(-p, q, 1.0) / p;
  const double rest = (std::fabs(u) > 1 ? 1 - (base - u) : u - (base - 1)) + lost;
  if (base < 0) return std::numeric_limits<double>::quiet_NaN();
  if (base == 0 || std::isinf(base)) return std::pow(base, q);
  return std::pow(base, q) * std::exp(q * (rest / base) + short_of * std::log(base));
}
