// The user's transforms: value_and_grad, gradient, jacobian, hessian, and a tape as an object.
#ifndef BIBUN_GRADIENTS_HPP
#define BIBUN_GRADIENTS_HPP

#include <algorithm>
#include <tuple>
#include <vector>

#include "methods.hpp"

namespace bibun {

/// An argument as a variable: matrices and vectors, numbers, and containers of them.
template <class D>
auto argument(const Eigen::MatrixBase<D>& x) {
  Var<typename D::PlainObject> v(x.rows(), x.cols(), false);
  v.mutable_value() = x;
  return v;
}
template <class T, std::enable_if_t<is_number<T>::value, int> = 0>
auto argument(const T& x) {
  using S = std::conditional_t<std::is_integral_v<T>, double, T>;
  Var<Plain<S, 1, 1>> v(1, 1, false);
  v.data()[0] = x;
  return v;
}
template <class M>
auto argument(const std::vector<M>& several) {
  std::vector<decltype(argument(several.front()))> found;
  found.reserve(several.size());
  for (const M& x : several) found.push_back(argument(x));
  return found;
}

/// The derivative that has arrived at a variable, in the type of the argument.
template <class X, class M>
auto gathered(const Var<M>& v) {
  if constexpr (is_number<X>::value) {
    return typename M::Scalar(v.adjoint_data()[0]);
  } else {
    // Number by number: Eigen would read pairs whose halves were written apart.
    M found;
    found.resize(v.rows(), v.cols());
    std::copy_n(v.adjoint_data(), v.size(), found.data());
    return found;
  }
}
template <class X, class V>
auto gathered(const std::vector<V>& several) {
  std::vector<typename V::Matrix> found;
  found.reserve(several.size());
  for (const V& v : several) found.push_back(typename V::Matrix(v.adjoint()));
  return found;
}

/// Send the derivative 1 of a loss back through a piece of the tape.
template <class Loss>
void sweep_from(Frame& frame, const Loss& loss) {
  static_assert(is_var<Loss>::value,
                "bibun: the loss has to be computed from the variables: it is a Var of one number");
  if (loss.size() != 1) {
    throw std::invalid_argument("bibun: a loss is one number; take bibun::sum, or bibun::jacobian");
  }
  const auto own = attached(loss);
  frame.clear();
  if (own.constant()) return;
  own.adjoint_data()[0] = typename Loss::Scalar(1);
  frame.sweep();
}

/// The value of f at its arguments and the gradient; of several arguments, a tuple of gradients.
///
///     auto [value, gradient] = bibun::value_and_grad(f)(x);
///     auto [value, gradients] = bibun::value_and_grad(f)(x, w);   // auto& [dx, dw] = gradients;
template <class F>
auto value_and_grad(F f) {
  return [f](const auto&... x) {
    Frame frame;
    const auto variables = std::make_tuple(argument(x)...);
    const auto loss = std::apply(f, variables);
    sweep_from(frame, loss);
    if constexpr (sizeof...(x) == 1) {
      return std::make_tuple(loss.item(),
                             gathered<std::decay_t<decltype(x)>...>(std::get<0>(variables)));
    } else {
      return std::make_tuple(
          loss.item(),
          std::apply(
              [](const auto&... v) {
                return std::make_tuple(gathered<std::decay_t<decltype(x)>>(v)...);
              },
              variables));
    }
  };
}

/// The gradient alone.
template <class F>
auto gradient(F f) {
  return [f](const auto&... x) { return std::get<1>(value_and_grad(f)(x...)); };
}

/// A tape as an object, for those who compute a loss between other things.
///
///     bibun::GradientTape tape;
///     auto X = tape.variable(x), W = tape.variable(w);
///     auto loss = bibun::squared_norm(X * W);
///     auto [dX, dW] = tape.gradients(loss, X, W);
class GradientTape {
 public:
  template <class X>
  auto variable(const X& x) {
    return argument(x);
  }

  template <class Loss, class... M>
  auto gradients(const Loss& loss, const Var<M>&... sources) {
    sweep_from(frame_, loss);
    return std::make_tuple(M(attached(sources).adjoint())...);
  }

 private:
  Frame frame_;
};

// ------------------------------------------------------------------ first derivatives of several
// results

/// J[i][j] = df_i / dx_j of a function of Vars, entries column after column: one sweep for each
/// result.
template <class F>
auto jacobian(F f) {
  return [f](const auto& x) {
    Frame frame;
    const auto v = argument(x);
    const auto y = f(v);
    using S = typename decltype(y)::Scalar;
    Plain<S, Eigen::Dynamic, Eigen::Dynamic> found(y.size(), v.size());
    for (Index i = 0; i < y.size(); ++i) {
      frame.clear();
      y.adjoint_data()[i] = S(1);
      frame.sweep();
      for (Index j = 0; j < v.size(); ++j) found(i, j) = v.adjoint_data()[j];
    }
    return found;
  };
}

/// The same in forward mode, `Width` directions at once: for functions of vectors of any scalar.
template <int Width = 4, class F>
auto jacobian_forward(F f) {
  return [f](const auto& x) {
    using S = typename std::decay_t<decltype(x)>::Scalar;
    using D = Dual<S, Width, MapLevel<F>>;
    const auto point = x.eval();
    using Vector = typename decltype(point.template cast<D>())::PlainObject;
    Plain<S, Eigen::Dynamic, Eigen::Dynamic> found;
    for (Index start = 0; start < point.size(); start += Width) {
      Vector v = point.template cast<D>();
      const Index stop = std::min<Index>(point.size(), start + Width);
      for (Index j = start; j < stop; ++j) v(j).derivatives()[static_cast<int>(j - start)] = S(1);
      const auto y = f(v).eval();
      if (start == 0) found.resize(y.size(), point.size());
      for (Index i = 0; i < y.size(); ++i) {
        for (Index j = start; j < stop; ++j)
          found(i, j) = y(i).derivative(static_cast<int>(j - start));
      }
    }
    return found;
  };
}

/// dy/dx of a function of one number.
template <class F>
auto derivative(F f) {
  return [f](const auto& x) {
    using D = Dual<std::decay_t<decltype(x)>, 1, MapLevel<F>>;
    return D(f(D::variable(x))).derivative();
  };
}

// ------------------------------------------------------------------ second derivatives

/// Tells apart the Duals of second derivatives. One type for all functions, for the sake of compile
/// times.
struct SecondOrder;

/// Gradients along Width directions at once: reverse mode over Duals.
template <int Width, class F, class X, class Directions>
auto gradient_derivatives(const F& f, const X& x, const Directions& directions) {
  using D = Dual<typename X::Scalar, Width, SecondOrder>;
  auto point = x.template cast<D>().eval();
  for (Index j = 0; j < point.size(); ++j) {
    for (int k = 0; k < Width; ++k) point(j).derivatives()[k] = directions(j, k);
  }
  return gradient(f)(point);
}

/// H v for the Hessian H of f at x, without H: one reverse sweep in Duals.
template <class F>
auto hessian_vector(F f) {
  return [f](const auto& x, const auto& v) {
    using X = typename std::decay_t<decltype(x)>::PlainObject;
    const auto along = [&v](Index j, int) { return v(j); };
    const auto found = gradient_derivatives<1>(f, X(x), along);
    return X(found.unaryExpr([](const auto& t) { return t.derivative(); }));
  };
}

/// H[i][j] = d^2 f / dx_i dx_j, entries column after column; `Width` columns at once.
template <int Width = 4, class F>
auto hessian(F f) {
  return [f](const auto& x) {
    using X = typename std::decay_t<decltype(x)>::PlainObject;
    const X point = x;
    Plain<typename X::Scalar, Eigen::Dynamic, Eigen::Dynamic> found(point.size(), point.size());
    for (Index start = 0; start < point.size(); start += Width) {
      const auto units = [start](Index j, int k) { return j == start + k ? 1.0 : 0.0; };
      const auto columns = gradient_derivatives<Width>(f, point, units);
      for (int k = 0; k < Width && start + k < point.size(); ++k) {
        for (Index j = 0; j < point.size(); ++j) found(j, start + k) = columns(j).derivative(k);
      }
    }
    return found;
  };
}

// ------------------------------------------------------------------ a derivative of one's own

/// y = value(x), with the derivative vjp(x, y, g): what a derivative g of y sends to x.
template <class M, class Value, class Vjp>
auto custom(const Var<M>& given, Value value, Vjp vjp) {
  const Stored<M> x = attached(given);
  using Result = typename std::decay_t<decltype(value(x.value()).eval())>::PlainObject;
  const Result found = value(x.value());
  const Stored<Result> y(found.rows(), found.cols(), false);
  y.mutable_value() = found;
  auto pull = [x, y, vjp] { send(x, vjp(x.value(), y.value(), y.adjoint())); };
  return record("custom", y, pull, x);
}
template <class X, class Value, class Vjp, if_matrix<X> = 0>
auto custom(const X& x, Value value, Vjp) {
  static_assert(
      !is_dual<typename X::Scalar>::value,
      "bibun: custom knows how derivatives go back, and forward mode needs how they go on");
  return value(x).eval();
}

}  // namespace bibun

#endif
