// Elementary functions of numbers and of dual numbers: the table of partial derivatives.
//
// Each is written so that nothing overflows or cancels on the way to a finite number, and so that
// it can itself be differentiated: slopes are formulas of the same T, which may be a Dual again.
#ifndef BIBUN_FUNCTIONS_HPP
#define BIBUN_FUNCTIONS_HPP

#include <cmath>
#include <limits>

#include "dual.hpp"

namespace bibun {

// For plain numbers these are the standard library's.
using std::abs, std::acos, std::acosh, std::asin, std::asinh, std::atan, std::atan2, std::atanh,
    std::cbrt, std::ceil, std::cos, std::cosh, std::erf, std::erfc, std::exp, std::exp2, std::expm1,
    std::fabs, std::floor, std::hypot, std::isfinite, std::isinf, std::isnan, std::log, std::log10,
    std::log1p, std::log2, std::pow, std::round, std::sin, std::sinh, std::sqrt, std::tan,
    std::tanh, std::trunc;

template <class T>
using if_real = std::enable_if_t<std::is_floating_point_v<T>, int>;

inline constexpr double kLog2 = 0.69314718055994530942, kLog10 = 2.30258509299404568402,
                        kErf = 1.12837916709551257390;  // 2 / sqrt(pi)

// ------------------------------------------------------------------ slopes in several places

/// e / (1 + e)^2 with e = exp(-|x|), without a kink at 0.
template <class T>
T sigmoid_slope(const T& x) {
  const T e = x < 0 ? T(exp(x)) : T(exp(T(-x)));
  return T(e / T((1 + e) * (1 + e)));
}

/// 1 / cosh(x)^2, and not 1 - tanh(x)^2, of which nothing is left for large x.
template <class T>
T tanh_slope(const T& x) {
  return T(4 * sigmoid_slope(T(2 * x)));
}

/// 1, 0 or -1, and nan of nan.
template <class T>
T sign(const T& x) {
  return x > 0 ? T(1) : x < 0 ? T(-1) : T(0 * x);
}

/// p x^(p - 1), and not p y / x, which is 0 / 0 at 0.
template <class T, class P>
T power_slope(const T& x, const P& p) {
  return p == P(0) ? T(0) : T(p * pow(x, p - 1));
}

// ------------------------------------------------------------------ more functions of plain
// numbers

template <class T, if_real<T> = 0>
T sigmoid(T x) {
  const T e = exp(-abs(x));
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}
template <class T, if_real<T> = 0>
T softplus(T x) {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
/// log(exp(a) + exp(b)).
template <class T, if_real<T> = 0>
T logaddexp(T a, T b) {
  if (a == b) return a + static_cast<T>(kLog2);  // infinities, too
  return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b));
}
/// x log(y), which is 0 for x = 0.
template <class T, if_real<T> = 0>
T xlogy(T x, T y) {
  return x == 0 && !isnan(y) ? T(0) : x * log(y);
}
/// The larger one; nan if there is one.
template <class T, if_real<T> = 0>
T maximum(T a, T b) {
  return isnan(a) || a > b ? a : b;
}
template <class T, if_real<T> = 0>
T minimum(T a, T b) {
  return isnan(a) || a < b ? a : b;
}
template <class T, if_real<T> = 0>
T square(T x) {
  return x * x;
}

/// The positive part, with the derivative 0 at 0; nan stays nan.
template <class T, std::enable_if_t<std::is_floating_point_v<T> || is_dual<T>::value, int> = 0>
T relu(const T& x) {
  return x <= 0 ? T(0) : x;
}
/// log(sigmoid(x)).
template <class T, std::enable_if_t<std::is_floating_point_v<T> || is_dual<T>::value, int> = 0>
T log_sigmoid(const T& x) {
  return -softplus(T(-x));
}

// ------------------------------------------------------------------ of dual numbers

template <class T>
struct SineAndCosine {
  T sine, cosine;
};
/// Both at once, since each is the other's derivative: for little more than one of them takes. Of
/// two calls gcc makes one, clang does not.
template <class T>
SineAndCosine<T> sine_and_cosine(const T& x) {
  return {sin(x), cos(x)};
}
#if defined(__clang__) && defined(__GLIBC__) && defined(_GNU_SOURCE)
inline SineAndCosine<double> sine_and_cosine(const double& x) {
  double s, c;
  ::sincos(x, &s, &c);
  return {s, c};
}
inline SineAndCosine<float> sine_and_cosine(const float& x) {
  float s, c;
  ::sincosf(x, &s, &c);
  return {s, c};
}
#endif
template <class T, int N, class L>
SineAndCosine<Dual<T, N, L>> sine_and_cosine(const Dual<T, N, L>& x) {
  const auto [s, c] = sine_and_cosine(x.value());
  return {chain(x, s, c), chain(x, c, -s)};
}

// Slopes are converted to the type of the value, so that a float stays a float.
template <class T, int N, class L>
Dual<T, N, L> exp(const Dual<T, N, L>& x) {
  const T y = exp(x.value());
  return chain(x, y, y);
}
template <class T, int N, class L>
Dual<T, N, L> exp2(const Dual<T, N, L>& x) {
  const T y = exp2(x.value());
  return chain(x, y, y * kLog2);
}
template <class T, int N, class L>
Dual<T, N, L> expm1(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, expm1(v), exp(v));
}
template <class T, int N, class L>
Dual<T, N, L> log(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, log(v), 1 / v);
}
template <class T, int N, class L>
Dual<T, N, L> log2(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, log2(v), 1 / kLog2 / v);
}
template <class T, int N, class L>
Dual<T, N, L> log10(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, log10(v), 1 / kLog10 / v);
}
template <class T, int N, class L>
Dual<T, N, L> log1p(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, log1p(v), 1 / (1 + v));
}
template <class T, int N, class L>
Dual<T, N, L> sqrt(const Dual<T, N, L>& x) {
  const T y = sqrt(x.value());
  return chain(x, y, 0.5 / y);
}
template <class T, int N, class L>
Dual<T, N, L> cbrt(const Dual<T, N, L>& x) {
  const T y = cbrt(x.value());
  return chain(x, y, 1 / (3 * y * y));
}
template <class T, int N, class L>
Dual<T, N, L> sin(const Dual<T, N, L>& x) {
  return sine_and_cosine(x).sine;
}
template <class T, int N, class L>
Dual<T, N, L> cos(const Dual<T, N, L>& x) {
  return sine_and_cosine(x).cosine;
}
template <class T, int N, class L>
Dual<T, N, L> tan(const Dual<T, N, L>& x) {
  const T y = tan(x.value());
  return chain(x, y, 1 + y * y);
}
template <class T, int N, class L>
Dual<T, N, L> asin(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, asin(v), 1 / sqrt((1 - v) * (1 + v)));
}
template <class T, int N, class L>
Dual<T, N, L> acos(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, acos(v), -1 / sqrt((1 - v) * (1 + v)));
}
template <class T, int N, class L>
Dual<T, N, L> atan(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, atan(v), 1 / (1 + v * v));
}
template <class T, int N, class L>
Dual<T, N, L> sinh(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, sinh(v), cosh(v));
}
template <class T, int N, class L>
Dual<T, N, L> cosh(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, cosh(v), sinh(v));
}
template <class T, int N, class L>
Dual<T, N, L> tanh(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, tanh(v), tanh_slope(v));
}
template <class T, int N, class L>
Dual<T, N, L> asinh(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, asinh(v), 1 / hypot(decltype(v)(1), v));
}
template <class T, int N, class L>
Dual<T, N, L> acosh(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, acosh(v), 1 / (sqrt(v - 1) * sqrt(v + 1)));
}
template <class T, int N, class L>
Dual<T, N, L> atanh(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, atanh(v), 1 / ((1 - v) * (1 + v)));
}
template <class T, int N, class L>
Dual<T, N, L> erf(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, erf(v), kErf * exp(-v * v));
}
template <class T, int N, class L>
Dual<T, N, L> erfc(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, erfc(v), -kErf * exp(-v * v));
}
template <class T, int N, class L>
Dual<T, N, L> abs(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, abs(v), sign(v));
}
template <class T, int N, class L>
Dual<T, N, L> fabs(const Dual<T, N, L>& x) {
  return abs(x);
}
template <class T, int N, class L>
Dual<T, N, L> square(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, v * v, 2 * v);
}
template <class T, int N, class L>
Dual<T, N, L> sigmoid(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, sigmoid(v), sigmoid_slope(v));
}
template <class T, int N, class L>
Dual<T, N, L> softplus(const Dual<T, N, L>& x) {
  const auto v = x.value();
  return chain(x, softplus(v), sigmoid(v));
}
template <class T, int N, class L>
Dual<T, N, L> floor(const Dual<T, N, L>& x) {
  return Dual<T, N, L>(floor(x.value()));
}
template <class T, int N, class L>
Dual<T, N, L> ceil(const Dual<T, N, L>& x) {
  return Dual<T, N, L>(ceil(x.value()));
}
template <class T, int N, class L>
Dual<T, N, L> round(const Dual<T, N, L>& x) {
  return Dual<T, N, L>(round(x.value()));
}
template <class T, int N, class L>
Dual<T, N, L> trunc(const Dual<T, N, L>& x) {
  return Dual<T, N, L>(trunc(x.value()));
}
template <class T, int N, class L>
bool isfinite(const Dual<T, N, L>& x) {
  return isfinite(x.value());
}
template <class T, int N, class L>
bool isinf(const Dual<T, N, L>& x) {
  return isinf(x.value());
}
template <class T, int N, class L>
bool isnan(const Dual<T, N, L>& x) {
  return isnan(x.value());
}

// ------------------------------------------------------------------ of two arguments

template <class T, int N, class L>
Dual<T, N, L> pow(const Dual<T, N, L>& x, const Dual<T, N, L>& p) {
  const T v = x.value(), w = p.value(), y = pow(v, w);
  return chain(x, p, y, power_slope(v, w), v == 0 && w > 0 ? T(0) : T(y * log(v)));
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> pow(const Dual<T, N, L>& x, const A& p) {
  return chain(x, T(pow(x.value(), p)), power_slope(x.value(), p));
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> pow(const A& x, const Dual<T, N, L>& p) {
  const T v = static_cast<T>(x), w = p.value(), y = pow(v, w);
  return chain(p, y, v == 0 && w > 0 ? T(0) : T(y * log(v)));
}

/// At 0, where the length has a kink, the slopes are 0.
template <class T, int N, class L>
Dual<T, N, L> hypot(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  const T h = hypot(a.value(), b.value());
  return chain(a, b, h, divided(a.value(), h), divided(b.value(), h));
}

/// Not b / (a^2 + b^2): squares overflow long before the quotient does.
template <class T, int N, class L>
Dual<T, N, L> atan2(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  const auto v = a.value(), w = b.value();
  const T h = hypot(v, w);
  return chain(a, b, atan2(v, w), w / h / h, -v / h / h);
}

template <class T, int N, class L>
Dual<T, N, L> logaddexp(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  const T v = a.value(), w = b.value();
  const T less = number(v) == number(w) && isinf(v) ? T(0) : T(v - w);
  return chain(a, b, logaddexp(v, w), sigmoid(less), sigmoid(T(-less)));
}

template <class T, int N, class L>
Dual<T, N, L> xlogy(const Dual<T, N, L>& x, const Dual<T, N, L>& y) {
  const auto v = x.value(), w = y.value();
  return chain(x, y, xlogy(v, w), log(w), divided(v, w));
}

/// Where both are equal, each gets half; where one is nan, each gets all, so that it is seen.
template <class T, int N, class L>
Dual<T, N, L> maximum(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  if (number(a) == number(b)) return chain(a, b, a.value(), T(0.5), T(0.5));
  if (isnan(a) || isnan(b)) return chain(a, b, isnan(a) ? a.value() : b.value(), T(1), T(1));
  return a > b ? a : b;
}
template <class T, int N, class L>
Dual<T, N, L> minimum(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  if (number(a) == number(b)) return chain(a, b, a.value(), T(0.5), T(0.5));
  if (isnan(a) || isnan(b)) return chain(a, b, isnan(a) ? a.value() : b.value(), T(1), T(1));
  return a < b ? a : b;
}

// The same with one constant.
#define BIBUN_WITH_CONSTANT(name)                                                       \
  template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>        \
  Dual<T, N, L> name(const Dual<T, N, L>& a, const A& b) {                              \
    return name(a, Dual<T, N, L>(b));                                                   \
  }                                                                                     \
  template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>        \
  Dual<T, N, L> name(const A& a, const Dual<T, N, L>& b) {                              \
    return name(Dual<T, N, L>(a), b);                                                   \
  }
BIBUN_WITH_CONSTANT(hypot)
BIBUN_WITH_CONSTANT(atan2)
BIBUN_WITH_CONSTANT(logaddexp)
BIBUN_WITH_CONSTANT(xlogy)
BIBUN_WITH_CONSTANT(maximum)
BIBUN_WITH_CONSTANT(minimum)
#undef BIBUN_WITH_CONSTANT

}  // namespace bibun

#endif
