// Sums, means, norms and what is made of them: over all entries, over each row, over each column.
#ifndef BIBUN_REDUCTIONS_HPP
#define BIBUN_REDUCTIONS_HPP

#include "arithmetic.hpp"

namespace bibun {

/// x.adjoint() += what is sent, unless x is a constant.
template <class M, class Expression>
void send(const Stored<M>& x, const Expression& sent) {
  if (!x.constant()) x.adjoint() += sent;
}

/// A result of one number.
template <class M>
using Single = Var<Plain<typename M::Scalar, 1, 1>>;

template <class M>
auto single(const typename M::Scalar& value) {
  const Stored<typename Single<M>::Matrix> y(1, 1, false);
  y.data()[0] = value;
  return y;
}

template <class M>
Single<M> sum(const Var<M>& given) {
  const Stored<M> x = attached(given);
  const auto y = single<M>(x.value().sum());
  auto pull = [x, y] { send(x, M::Constant(x.rows(), x.cols(), y.adjoint_data()[0])); };
  return record("sum", y, pull, x);
}

template <class M>
Single<M> mean(const Var<M>& x) {
  return sum(x) / static_cast<double>(x.size());
}

/// The sum of squares.
template <class M>
Single<M> squared_norm(const Var<M>& given) {
  const Stored<M> x = attached(given);
  const auto y = single<M>(x.value().squaredNorm());
  auto pull = [x, y] {
    // A loop as that of map, which reads it: vectors of other lengths would wait for each other.
    const auto* v = x.data();
    if (auto* __restrict d = x.adjoint_data()) {
      const auto g = 2 * y.adjoint_data()[0];
      for (Index i = 0; i < x.size(); ++i) d[i] += v[i] * g;
    }
  };
  return record("squared_norm", y, pull, x);
}

/// The Euclidean norm, scaled so that no square overflows; at 0, where it has a kink, the
/// derivative is 0.
template <class M>
Single<M> norm(const Var<M>& given) {
  using S = typename M::Scalar;
  const Stored<M> x = attached(given);
  S largest(0);
  for (Index i = 0; i < x.size(); ++i) {
    const S a = abs(x.data()[i]);
    if (!(a <= largest)) largest = a;
  }
  const bool usual = largest > 0 && isfinite(largest);
  const auto y = single<M>(usual ? S(largest * (x.value() / largest).norm()) : largest);
  auto pull = [x, y] {
    const S g = y.adjoint_data()[0];
    if (y.data()[0] == 0) return;
    send(x, (x.value() / y.data()[0]) * g);
  };
  return record("norm", y, pull, x);
}

template <class A, class B, if_any_var<A, B> = 0>
auto dot(const A& a, const B& b) {
  using S = VarScalar<A, B>;
  const auto x = lift<S>(a);
  const auto z = lift<S>(b);
  if (x.size() != z.size()) throw do_not_fit("dot", x, z);
  const auto y = single<typename decltype(lift<S>(a))::Matrix>(
      x.value().reshaped().cwiseProduct(z.value().reshaped()).sum());
  auto pull = [x, z, y] {
    const S g = y.adjoint_data()[0];
    if (!x.constant()) x.adjoint().reshaped() += z.value().reshaped() * g;
    if (!z.constant()) z.adjoint().reshaped() += x.value().reshaped() * g;
  };
  return record("dot", y, pull, x, z);
}

/// The sums of all rows, as a column.
template <class M>
auto row_sums(const Var<M>& given) {
  const Stored<M> x = attached(given);
  const Stored<Plain<typename M::Scalar, M::RowsAtCompileTime, 1>> y(x.rows(), 1, false);
  y.mutable_value() = x.value().rowwise().sum();
  auto pull = [x, y] { send(x, y.adjoint().replicate(1, x.cols())); };
  return record("row_sums", y, pull, x);
}

/// The sums of all columns, as a row.
template <class M>
auto column_sums(const Var<M>& given) {
  const Stored<M> x = attached(given);
  const Stored<Plain<typename M::Scalar, 1, M::ColsAtCompileTime>> y(1, x.cols(), false);
  y.mutable_value() = x.value().colwise().sum();
  auto pull = [x, y] { send(x, y.adjoint().replicate(x.rows(), 1)); };
  return record("column_sums", y, pull, x);
}

/// The largest of `n` numbers, or 0 if it is infinite: what is subtracted before exp.
template <class S>
S shift_of(const S* x, Index n) {
  S most = x[0];
  if constexpr (std::is_arithmetic_v<S>) {
    // Several at once; if there is nan, it may be any of them, and comes back with exp.
    most = Eigen::Map<const Plain<S, Eigen::Dynamic, 1>>(x, n).maxCoeff();
  } else {
    for (Index k = 1; k < n; ++k) {
      if (x[k] > most) most = x[k];
    }
  }
  return isinf(most) ? S(0) : S(number(most));
}

/// log(sum(exp(x))), whatever the size of x; the derivative is softmax(x).
template <class M>
Single<M> logsumexp(const Var<M>& given) {
  using S = typename M::Scalar;
  const Stored<M> x = attached(given);
  const S shift = shift_of(x.data(), x.size());
  S* weights = tape().template values<S>(x.size());
  S total(0);
  for (Index i = 0; i < x.size(); ++i) total += weights[i] = exp(x.data()[i] - shift);
  const auto y = single<M>(log(total) + shift);
  auto pull = [x, y, weights, total] {
    S* __restrict d = x.adjoint_data();
    if (d == nullptr) return;
    const S g = divided(y.adjoint_data()[0], total);
    for (Index i = 0; i < x.size(); ++i) d[i] += scaled(weights[i], g);
  };
  return record("logsumexp", y, pull, x);
}

/// logsumexp of each row, as a column.
template <class M>
auto logsumexp_rows(const Var<M>& given) {
  using S = typename M::Scalar;
  const Stored<M> x = attached(given);
  const Stored<Plain<S, M::RowsAtCompileTime, 1>> y(x.rows(), 1, false);
  const Stored<M> weights(x.rows(), x.cols(), true);  // softmax of each row
  for (Index i = 0; i < x.rows(); ++i) {
    const S largest = x.value().row(i).maxCoeff();
    const S shift = isinf(largest) ? S(0) : S(number(largest));
    auto row = weights.mutable_value().row(i);
    S total(0);
    for (Index j = 0; j < x.cols(); ++j) total += row(j) = exp(x.value()(i, j) - shift);
    row /= total;
    y.data()[i] = log(total) + shift;
  }
  auto pull = [x, y, weights] { send(x, y.adjoint().asDiagonal() * weights.value()); };
  return record("logsumexp_rows", y, pull, x);
}

/// exp(x) / sum(exp(x)), over all entries.
template <class M>
Var<M> softmax(const Var<M>& x) {
  return exp(subtract(x, logsumexp(x)));
}
/// The same for each row.
template <class M>
Var<M> softmax_rows(const Var<M>& x) {
  return exp(subtract(x, logsumexp_rows(x)));
}
/// log(softmax(x)), without taking the logarithm of what may be 0.
template <class M>
Var<M> log_softmax(const Var<M>& x) {
  return subtract(x, logsumexp(x));
}
template <class M>
Var<M> log_softmax_rows(const Var<M>& x) {
  return subtract(x, logsumexp_rows(x));
}

/// The largest entry; where several are, each gets its share of the derivative.
template <class M>
Single<M> max_coeff(const Var<M>& given) {
  using S = typename M::Scalar;
  const Stored<M> x = attached(given);
  S most = x.data()[0];
  Index count = 0;
  for (Index i = 1; i < x.size(); ++i) most = maximum(most, x.data()[i]);
  for (Index i = 0; i < x.size(); ++i) count += number(x.data()[i]) == number(most);
  const auto y = single<M>(most);
  auto pull = [x, y, count] {
    if (x.constant()) return;
    const S share = y.adjoint_data()[0] / static_cast<double>(count > 0 ? count : 1);
    for (Index i = 0; i < x.size(); ++i) {
      if (number(x.data()[i]) == number(y.data()[0])) x.adjoint_data()[i] += share;
    }
  };
  return record("max_coeff", y, pull, x);
}
template <class M>
Single<M> min_coeff(const Var<M>& x) {
  return -max_coeff(-x);
}

// ------------------------------------------------------------------ of plain matrices

template <class X, if_matrix<X> = 0>
auto sum(const X& x) {
  return x.sum();
}
template <class X, if_matrix<X> = 0>
auto mean(const X& x) {
  return x.mean();
}
template <class X, if_matrix<X> = 0>
auto squared_norm(const X& x) {
  return x.squaredNorm();
}
template <class X, if_matrix<X> = 0>
auto norm(const X& x) {
  using S = typename X::Scalar;
  if constexpr (is_dual<S>::value) {
    const S y = x.norm();
    return number(y) == 0 ? S(0) : y;
  } else {
    return x.stableNorm();
  }
}
template <class A, class B, if_matrix<A> = 0, if_matrix<B> = 0>
auto dot(const A& a, const B& b) {
  return a.reshaped().dot(b.reshaped());
}
template <class X, if_matrix<X> = 0>
auto row_sums(const X& x) {
  return x.rowwise().sum().eval();
}
template <class X, if_matrix<X> = 0>
auto column_sums(const X& x) {
  return x.colwise().sum().eval();
}
template <class X, if_matrix<X> = 0>
auto max_coeff(const X& x) {
  return x.maxCoeff();
}
template <class X, if_matrix<X> = 0>
auto min_coeff(const X& x) {
  return x.minCoeff();
}
template <class X, if_matrix<X> = 0>
typename X::Scalar logsumexp(const X& given) {
  using S = typename X::Scalar;
  const auto x = given.eval();
  const S shift = shift_of(x.data(), x.size());
  S total(0);
  for (Index i = 0; i < x.size(); ++i) total += exp(x.data()[i] - shift);
  return log(total) + shift;
}
template <class X, if_matrix<X> = 0>
auto logsumexp_rows(const X& x) {
  Plain<typename X::Scalar, X::RowsAtCompileTime, 1> y(x.rows());
  for (Index i = 0; i < x.rows(); ++i) y(i) = logsumexp(x.row(i));
  return y;
}
template <class X, if_matrix<X> = 0>
auto log_softmax(const X& x) {
  const typename X::Scalar shift = logsumexp(x);
  return map(x, [&shift](const auto& t) { return t - shift; });
}
template <class X, if_matrix<X> = 0>
auto log_softmax_rows(const X& x) {
  return subtract(x, logsumexp_rows(x));
}
template <class X, if_matrix<X> = 0>
auto softmax(const X& x) {
  return exp(log_softmax(x));
}
template <class X, if_matrix<X> = 0>
auto softmax_rows(const X& x) {
  return exp(log_softmax_rows(x));
}

}  // namespace bibun

#endif
