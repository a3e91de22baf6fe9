// Dual numbers alone, without Eigen: each function against differences, in three orders, and at
// hard points.
#include <bibun/dual.hpp>
#include <limits>

#include "close.hpp"

using namespace bibun;
using D = Dual<double, 1>;
using L = Dual<long double, 1>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kFirst = 1e-12;   // what differences reach
constexpr double kSecond = 1e-11;  // of a slope that has some more roundings itself

static_assert(std::is_trivially_copyable_v<Dual<double, 3>>);
static_assert(std::is_trivially_copyable_v<Dual<Dual<float, 2>, 3>>);
static_assert(sizeof(Dual<double, 3>) == 4 * sizeof(double), "the derivatives lie inside");

/// Value, first, second and third derivative of f at x.
template <class F>
void agrees(const char* name, F f, double x) {
  const D y = f(D::variable(x));
  close(y.value(), f(static_cast<long double>(x)), 1e-15, name);
  close(y.derivative(), difference([&](long double t) { return f(t); }, x), kFirst, name);

  using D2 = Dual<D, 1>;
  const D2 z = f(D2::variable(D::variable(x)));
  auto slope = [&](long double t) { return f(L::variable(t)).derivative(); };
  close(z.derivative().derivative(), difference(slope, x), kSecond, name);
  check(z.derivative().value() == z.value().derivative(), name);

  using L2 = Dual<L, 1>;
  using D3 = Dual<D2, 1>;
  const D3 w = f(D3::variable(D2::variable(D::variable(x))));
  auto bend = [&](long double t) {
    return f(L2::variable(L::variable(t))).derivative().derivative();
  };
  close(w.derivative().derivative().derivative(), difference(bend, x), 10 * kSecond, name);
}

template <class F>
void agrees(const char* name, F f) {
  for (double x : {0.0, 0.3, -0.7, 0.9, -0.05}) agrees(name, f, x);
}

template <class F>
void positive(const char* name, F f) {
  for (double x : {0.3, 1.0, 1.7, 5.0}) agrees(name, f, x);
}

void elementary_functions() {
  agrees("exp", [](const auto& x) { return exp(x); });
  agrees("exp2", [](const auto& x) { return exp2(x); });
  agrees("expm1", [](const auto& x) { return expm1(x); });
  agrees("sin", [](const auto& x) { return sin(x); });
  agrees("cos", [](const auto& x) { return cos(x); });
  agrees("tan", [](const auto& x) { return tan(x); });
  agrees("asin", [](const auto& x) { return asin(x * 0.8); });
  agrees("acos", [](const auto& x) { return acos(x * 0.8); });
  agrees("atan", [](const auto& x) { return atan(x); });
  agrees("sinh", [](const auto& x) { return sinh(x); });
  agrees("cosh", [](const auto& x) { return cosh(x); });
  agrees("tanh", [](const auto& x) { return tanh(x); });
  agrees("asinh", [](const auto& x) { return asinh(x); });
  agrees("atanh", [](const auto& x) { return atanh(x * 0.8); });
  agrees("erf", [](const auto& x) { return erf(x); });
  agrees("erfc", [](const auto& x) { return erfc(x); });
  agrees("sigmoid", [](const auto& x) { return sigmoid(x); });
  agrees("softplus", [](const auto& x) { return softplus(x); });
  agrees("log_sigmoid", [](const auto& x) { return log_sigmoid(x); });
  agrees("square", [](const auto& x) { return square(x); });
  agrees("log1p", [](const auto& x) { return log1p(x * 0.8); });
  agrees("pow 3", [](const auto& x) { return pow(x, 3); });
  agrees("2 pow", [](const auto& x) { return pow(2.0L + 0 * x, x); });
  agrees("hypot", [](const auto& x) { return hypot(x, 1 - x); });
  agrees("atan2", [](const auto& x) { return atan2(x, 2 - x); });
  agrees("logaddexp", [](const auto& x) { return logaddexp(x, 0.1 - 2 * x); });
  agrees("xlogy", [](const auto& x) { return xlogy(x - 2, 3 + x); });
  agrees("quotient", [](const auto& x) { return (1 + x) / (2 - x * x) - 3 / (x + 2); });
  positive("log", [](const auto& x) { return log(x); });
  positive("log2", [](const auto& x) { return log2(x); });
  positive("log10", [](const auto& x) { return log10(x); });
  positive("sqrt", [](const auto& x) { return sqrt(x); });
  positive("cbrt", [](const auto& x) { return cbrt(x); });
  positive("pow 2.5", [](const auto& x) { return pow(x, 2.5); });
  positive("pow x", [](const auto& x) { return pow(x, x); });
  positive("acosh", [](const auto& x) { return acosh(x + 1); });
  positive("abs", [](const auto& x) { return abs(x) + abs(-x) + fabs(x); });
}

/// Where the plain formulas give nan, 0 or inf.
void hard_points() {
  const auto slope = [](auto f, double x) { return f(D::variable(x)).derivative(); };
  // The textbook's quotient rule divides by the square: it has no derivative left from 355 on.
  const auto reciprocal = [](const auto& x) { return 1.0 / exp(x); };
  for (double x : {1.0, 100.0, 400.0, 700.0}) {
    close(slope(reciprocal, x) * std::exp(x), -1, 1e-15, "1 / exp(x)");
  }
  close(slope([](const auto& x) { return tanh(x); }, 20) / 1.6993417021166355e-17, 1, 1e-14,
        "tanh");
  close(slope([](const auto& x) { return sigmoid(x); }, -800), 0, 0, "sigmoid");
  close(slope([](const auto& x) { return softplus(x); }, 1000), 1, 0, "softplus");
  close(slope([](const auto& x) { return softplus(x); }, -1000), 0, 0, "softplus");
  close(slope([](const auto& x) { return logaddexp(x, 1000.0); }, 1000), 0.5, 0, "logaddexp");
  close(slope([](const auto& x) { return abs(x); }, 0), 0, 0, "abs");
  close(slope([](const auto& x) { return hypot(x, 0 * x); }, 0), 0, 0, "hypot");
  close(slope([](const auto& x) { return hypot(x, 1e200); }, 1e200), std::sqrt(0.5), 1e-15,
        "hypot");
  close(slope([](const auto& x) { return atan2(x, 1e200); }, 1e200) * 2e200, 1, 1e-15, "atan2");
  close(slope([](const auto& x) { return pow(x, 0); }, 0), 0, 0, "pow 0");
  close(slope([](const auto& x) { return pow(x, 1.0); }, 0), 1, 0, "pow 1");
  close(slope([](const auto& x) { return pow(0.0, x); }, 2), 0, 0, "0 pow");
  close(slope([](const auto& x) { return sqrt(x); }, 0), kInfinity, 0, "sqrt");
  close(slope([](const auto& x) { return maximum(x, 0.0); }, 0), 0.5, 0, "maximum");
  close(slope([](const auto& x) { return relu(x); }, 0), 0, 0, "relu");
  check(std::isnan(relu(std::nan(""))), "nan stays nan");
  // A constant has no derivative, also where the slope is infinite.
  close(sqrt(D(0.0)).derivative(), 0, 0, "sqrt of a constant");
  const auto y = sqrt(Dual<double, 2>::variable(0.0, 1));
  close(y.derivative(0), 0, 0, "a direction that does not enter");
  close(y.derivative(1), kInfinity, 0, "and one that does");
}

void comparisons() {
  const D x = D::variable(0.0), zero = 0.0;
  check(x == 0.0 && x == 0 && !(x != 0.0) && 0.0 == x, "a plain number is compared with the value");
  check(x != zero && !(x == zero), "Duals are equal if their derivatives are");
  check(x <= zero && x >= zero && !(x < zero) && D(1) > zero && 1 > x, "order goes by the value");
  D y = x;
  y += 1;
  y *= x + 2;
  y -= 0.5;
  y /= 2.0;
  close(y.value(), 0.75, 0, "compound assignments");
  close(y.derivative(), 1.5, 0, "compound assignments");
  throws<std::length_error>([] { D(1.0, 2, 0); }, "two derivatives do not fit into one");
}

int main() {
  elementary_functions();
  hard_points();
  comparisons();
}
