// map: a function of numbers for every entry of a matrix, with its exact derivative.
//
// The function is run on a Dual, so that anything written in terms of arithmetic and of the
// functions in functions.hpp is differentiated, with branches and loops. And the elementary
// functions of matrices.
#ifndef BIBUN_MAP_HPP
#define BIBUN_MAP_HPP

#include "var.hpp"

namespace bibun {

/// Tells the Duals of a map apart from those that its function has captured.
template <class F>
struct MapLevel;

/// y[i] = f(x[i]).
template <class M, class F>
Var<M> map(const Var<M>& given, F f, const char* name = "map") {
  using S = typename M::Scalar;
  using D = Dual<S, 1, MapLevel<F>>;
  const Stored<M> x = attached(given);
  const Stored<M> y(x.rows(), x.cols(), false);
  S* slopes = tape().template values<S>(x.size());
  for (Index i = 0; i < x.size(); ++i) {
    const D t = f(D::variable(x.data()[i]));
    y.data()[i] = t.value();
    slopes[i] = t.derivative();
  }
  auto pull = [x, y, slopes] {
    S* __restrict d = x.adjoint_data();
    if (d == nullptr) return;
    const S* g = y.adjoint_data();
    for (Index i = 0; i < x.size(); ++i) d[i] += scaled(slopes[i], g[i]);
  };
  return record(name, y, pull, x);
}

template <class X, class F, if_matrix<X> = 0>
typename X::PlainObject map(const X& x, F f, const char* = nullptr) {
  using S = typename X::Scalar;
  return x.unaryExpr([&f](const S& t) { return S(f(t)); });
}

template <class X, class F, std::enable_if_t<is_number<X>::value, int> = 0>
X map(const X& x, F f, const char* = nullptr) {
  return f(x);
}

/// z[i] = f(x[i], y[i]) for two matrices of one shape.
template <class A, class B, class F, if_any_var<A, B> = 0>
auto map(const A& a, const B& b, F f, const char* name = "map") {
  using S = VarScalar<A, B>;
  using D = Dual<S, 2, MapLevel<F>>;
  const auto x = lift<S>(a);
  const auto y = lift<S>(b);
  if (x.rows() != y.rows() || x.cols() != y.cols()) throw do_not_fit(name, x, y);
  const Stored<typename decltype(lift<S>(a))::Matrix> z(x.rows(), x.cols(), false);
  S* slopes = tape().template values<S>(2 * x.size());
  for (Index j = 0, k = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i, ++k) {
      const D t = f(D::variable(x.value()(i, j), 0), D::variable(y.value()(i, j), 1));
      z.mutable_value()(i, j) = t.value();
      slopes[2 * k] = t.derivative(0);
      slopes[2 * k + 1] = t.derivative(1);
    }
  }
  auto pull = [x, y, z, slopes] {
    for (Index j = 0, k = 0; j < x.cols(); ++j) {
      for (Index i = 0; i < x.rows(); ++i, ++k) {
        const S g = z.adjoint()(i, j);
        if (!x.constant()) x.adjoint()(i, j) += scaled(slopes[2 * k], g);
        if (!y.constant()) y.adjoint()(i, j) += scaled(slopes[2 * k + 1], g);
      }
    }
  };
  return record(name, z, pull, x, y);
}

template <class A, class B, class F, if_matrix<A> = 0, if_matrix<B> = 0>
typename A::PlainObject map(const A& a, const B& b, F f, const char* name = "map") {
  using S = typename A::Scalar;
  if (a.rows() != b.rows() || a.cols() != b.cols()) throw do_not_fit(name, a, b);
  return a.binaryExpr(b, [&f](const S& s, const S& t) { return S(f(s, t)); });
}

// ------------------------------------------------------------------ elementary functions

/// exp of each entry. The result remembers its exponent: 1 / exp(x) is then exp(-x), which is right
/// where exp(x) or its square is beyond the largest number.
template <class M>
Var<M> exp(const Var<M>& x) {
  Var<M> y = map(x, [](const auto& t) { return exp(t); }, "exp");
  y.remember_exponent(x);
  return y;
}
template <class X, if_matrix<X> = 0>
auto exp(const X& x) {
  return map(x, [](const auto& t) { return exp(t); });
}

template <class X, if_var_or_matrix<X> = 0>
auto exp2(const X& x) {
  return map(x, [](const auto& t) { return exp2(t); }, "exp2");
}
template <class X, if_var_or_matrix<X> = 0>
auto expm1(const X& x) {
  return map(x, [](const auto& t) { return expm1(t); }, "expm1");
}
template <class X, if_var_or_matrix<X> = 0>
auto log(const X& x) {
  return map(x, [](const auto& t) { return log(t); }, "log");
}
template <class X, if_var_or_matrix<X> = 0>
auto log2(const X& x) {
  return map(x, [](const auto& t) { return log2(t); }, "log2");
}
template <class X, if_var_or_matrix<X> = 0>
auto log10(const X& x) {
  return map(x, [](const auto& t) { return log10(t); }, "log10");
}
template <class X, if_var_or_matrix<X> = 0>
auto log1p(const X& x) {
  return map(x, [](const auto& t) { return log1p(t); }, "log1p");
}
template <class X, if_var_or_matrix<X> = 0>
auto sqrt(const X& x) {
  return map(x, [](const auto& t) { return sqrt(t); }, "sqrt");
}
template <class X, if_var_or_matrix<X> = 0>
auto cbrt(const X& x) {
  return map(x, [](const auto& t) { return cbrt(t); }, "cbrt");
}
template <class X, if_var_or_matrix<X> = 0>
auto sin(const X& x) {
  return map(x, [](const auto& t) { return sin(t); }, "sin");
}
template <class X, if_var_or_matrix<X> = 0>
auto cos(const X& x) {
  return map(x, [](const auto& t) { return cos(t); }, "cos");
}
template <class X, if_var_or_matrix<X> = 0>
auto tan(const X& x) {
  return map(x, [](const auto& t) { return tan(t); }, "tan");
}
template <class X, if_var_or_matrix<X> = 0>
auto asin(const X& x) {
  return map(x, [](const auto& t) { return asin(t); }, "asin");
}
template <class X, if_var_or_matrix<X> = 0>
auto acos(const X& x) {
  return map(x, [](const auto& t) { return acos(t); }, "acos");
}
template <class X, if_var_or_matrix<X> = 0>
auto atan(const X& x) {
  return map(x, [](const auto& t) { return atan(t); }, "atan");
}
template <class X, if_var_or_matrix<X> = 0>
auto sinh(const X& x) {
  return map(x, [](const auto& t) { return sinh(t); }, "sinh");
}
template <class X, if_var_or_matrix<X> = 0>
auto cosh(const X& x) {
  return map(x, [](const auto& t) { return cosh(t); }, "cosh");
}
template <class X, if_var_or_matrix<X> = 0>
auto tanh(const X& x) {
  return map(x, [](const auto& t) { return tanh(t); }, "tanh");
}
template <class X, if_var_or_matrix<X> = 0>
auto asinh(const X& x) {
  return map(x, [](const auto& t) { return asinh(t); }, "asinh");
}
template <class X, if_var_or_matrix<X> = 0>
auto acosh(const X& x) {
  return map(x, [](const auto& t) { return acosh(t); }, "acosh");
}
template <class X, if_var_or_matrix<X> = 0>
auto atanh(const X& x) {
  return map(x, [](const auto& t) { return atanh(t); }, "atanh");
}
template <class X, if_var_or_matrix<X> = 0>
auto erf(const X& x) {
  return map(x, [](const auto& t) { return erf(t); }, "erf");
}
template <class X, if_var_or_matrix<X> = 0>
auto erfc(const X& x) {
  return map(x, [](const auto& t) { return erfc(t); }, "erfc");
}
template <class X, if_var_or_matrix<X> = 0>
auto abs(const X& x) {
  return map(x, [](const auto& t) { return abs(t); }, "abs");
}
template <class X, if_var_or_matrix<X> = 0>
auto square(const X& x) {
  return map(x, [](const auto& t) { return square(t); }, "square");
}
template <class X, if_var_or_matrix<X> = 0>
auto sigmoid(const X& x) {
  return map(x, [](const auto& t) { return sigmoid(t); }, "sigmoid");
}
template <class X, if_var_or_matrix<X> = 0>
auto softplus(const X& x) {
  return map(x, [](const auto& t) { return softplus(t); }, "softplus");
}
template <class X, if_var_or_matrix<X> = 0>
auto relu(const X& x) {
  return map(x, [](const auto& t) { return relu(t); }, "relu");
}
template <class X, if_var_or_matrix<X> = 0>
auto log_sigmoid(const X& x) {
  return map(x, [](const auto& t) { return log_sigmoid(t); }, "log_sigmoid");
}
template <class X, if_var_or_matrix<X> = 0>
auto floor(const X& x) {
  return map(x, [](const auto& t) { return floor(t); }, "floor");
}
template <class X, if_var_or_matrix<X> = 0>
auto ceil(const X& x) {
  return map(x, [](const auto& t) { return ceil(t); }, "ceil");
}

/// Each entry to a power, which is a constant.
template <class X, class P, if_var_or_matrix<X> = 0,
          std::enable_if_t<std::is_arithmetic_v<P>, int> = 0>
auto pow(const X& x, P p) {
  return map(x, [p](const auto& t) { return pow(t, p); }, "pow");
}

/// The larger, or the smaller, of each entry and a number.
template <class X, if_var_or_matrix<X> = 0>
auto maximum(const X& x, double bound) {
  auto f = [bound](const auto& t) { return maximum(t, std::decay_t<decltype(t)>(bound)); };
  return map(x, f, "maximum");
}
template <class X, if_var_or_matrix<X> = 0>
auto minimum(const X& x, double bound) {
  auto f = [bound](const auto& t) { return minimum(t, std::decay_t<decltype(t)>(bound)); };
  return map(x, f, "minimum");
}

}  // namespace bibun

#endif
