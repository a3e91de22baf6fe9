// QR and symmetric eigenvalues, with the derivatives of their factors.
#ifndef BIBUN_FACTORIZATIONS_HPP
#define BIBUN_FACTORIZATIONS_HPP

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <tuple>

#include "linear.hpp"

namespace bibun {

template <class S>
using Dense = Plain<S, Eigen::Dynamic, Eigen::Dynamic>;
template <class S>
using DenseVector = Plain<S, Eigen::Dynamic, 1>;

/// Orthonormal columns q and an upper triangular r with a = q r, for a with at least as many rows
/// as columns.
template <class A, if_matrix<A> = 0>
auto qr(const A& a) {
  using S = typename A::Scalar;
  if (a.rows() < a.cols()) {
    throw std::invalid_argument("bibun: qr needs at least as many rows as columns");
  }
  const Dense<S> copy = a;
  Eigen::HouseholderQR<Dense<S>> found(copy);
  Dense<S> q = found.householderQ() * Dense<S>::Identity(a.rows(), a.cols());
  Dense<S> r = found.matrixQR().topRows(a.cols()).template triangularView<Eigen::Upper>();
  return std::make_tuple(std::move(q), std::move(r));
}

/// With m = r r'^T - q'^T q for the derivatives q' and r' of the factors, and c the symmetric
/// matrix that has m's lower triangle, a gets (q' + q c) r^-T (Walter and Lehmann 2010).
template <class M>
auto qr(const Var<M>& given) {
  using Matrix = Dense<typename M::Scalar>;
  const Stored<M> a = attached(given);
  const auto [found_q, found_r] = qr(M(a.value()));
  const Stored<Matrix> q(found_q.rows(), found_q.cols(), false);
  const Var<Matrix> r(found_r.rows(), found_r.cols(), false);
  q.mutable_value() = found_q;
  r.mutable_value() = found_r;
  auto pull = [a, q, r] {
    const Matrix upper = r.adjoint().template triangularView<Eigen::Upper>();
    const Matrix m = r.value() * upper.transpose() - q.adjoint().transpose() * q.value();
    Matrix c = m.template triangularView<Eigen::Lower>();
    c += Matrix(m.template triangularView<Eigen::StrictlyLower>()).transpose();
    Matrix sent = q.adjoint() + q.value() * c;
    const Matrix turned = r.value().transpose();
    turned.template triangularView<Eigen::Lower>().template solveInPlace<Eigen::OnTheRight>(sent);
    send(a, sent);
  };
  return std::make_tuple(record("qr", q, pull, a), r);
}

/// The numbers and the derivatives number k of a matrix of Duals.
template <class A>
auto parts(const A& a) {
  using T = typename A::Scalar::Value;
  std::tuple<Dense<T>, std::vector<Dense<T>>> found;
  auto& [value, tangents] = found;
  value = a.unaryExpr([](const auto& t) { return t.value(); });
  for (int k = 0; k < A::Scalar::directions; ++k) {
    tangents.push_back(a.unaryExpr([k](const auto& t) { return t.derivative(k); }));
  }
  return found;
}

/// Eigenvalues w in ascending order and orthonormal columns v with a v = v diag(w), for a symmetric
/// a, of which the lower triangle is read. Of Duals by perturbation: w' = diag(c) and v' = v f with
/// c = v^T a' v and f_ij = c_ij / (w_j - w_i), since an iteration's derivatives converge later than
/// its values.
template <class A, if_matrix<A> = 0>
auto symmetric_eigen(const A& given) {
  using S = typename A::Scalar;
  must_be_square("symmetric_eigen", given);
  Dense<S> a = given.template selfadjointView<Eigen::Lower>();
  DenseVector<S> w(a.rows());
  Dense<S> v(a.rows(), a.cols());
  if constexpr (is_dual<S>::value) {
    const auto [value, tangents] = parts(a);
    const auto [values, vectors] = symmetric_eigen(value);
    w = values.template cast<S>();
    v = vectors.template cast<S>();
    for (int k = 0; k < S::directions; ++k) {
      const Dense<typename S::Value>& tangent = tangents[static_cast<std::size_t>(k)];
      auto c = (vectors.transpose() * tangent * vectors).eval();
      for (Index i = 0; i < a.rows(); ++i) w(i).derivatives()[k] = c(i, i);
      for (Index i = 0; i < a.rows(); ++i) {
        for (Index j = 0; j < a.rows(); ++j) {
          c(i, j) = i == j ? typename S::Value(0) : divided(c(i, j), values(j) - values(i));
        }
      }
      const auto turned = (vectors * c).eval();
      for (Index i = 0; i < v.size(); ++i) v.data()[i].derivatives()[k] = turned.data()[i];
    }
  } else {
    const Eigen::SelfAdjointEigenSolver<Dense<S>> found(a);
    w = found.eigenvalues();
    v = found.eigenvectors();
  }
  return std::make_tuple(std::move(w), std::move(v));
}

/// c_ij / (w_j - w_i). Where both eigenvalues are equal but for rounding, a numerator that is no
/// more than rounding counts as 0: no function of the eigenspace alone has another one. A real one
/// gives nan.
template <class S>
S gauge_quotient(const S& c, const S& difference, double spread, double size) {
  const double rounding = 64 * std::numeric_limits<double>::epsilon();
  if (std::abs(static_cast<double>(number(difference))) > rounding * spread) {
    return divided(c, difference);
  }
  const bool none = std::abs(static_cast<double>(number(c))) <= rounding * size;
  return none ? S(0) : S(std::numeric_limits<double>::quiet_NaN());
}

template <class M>
auto symmetric_eigen(const Var<M>& given) {
  using S = typename M::Scalar;
  const Stored<M> a = attached(given);
  const auto [found_w, found_v] = symmetric_eigen(M(a.value()));
  const Stored<DenseVector<S>> w(a.rows(), 1, false);
  const Var<Dense<S>> v(a.rows(), a.cols(), false);
  w.mutable_value() = found_w;
  v.mutable_value() = found_v;
  auto pull = [a, w, v] {
    const Index n = a.rows();
    const Dense<S> turned = v.value().transpose() * v.adjoint();
    Dense<S> c = (turned - turned.transpose()) * S(0.5);
    const auto largest = [](const auto& m) {
      double most = 0;
      for (Index i = 0; i < m.size(); ++i) {
        most = std::max(most, std::abs(static_cast<double>(number(m(i)))));
      }
      return most;
    };
    const double spread = largest(w.value()), size = largest(turned.reshaped()) * double(n);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        const S difference = w.value()(j) - w.value()(i);
        c(i, j) = i == j ? S(w.adjoint()(i)) : gauge_quotient(c(i, j), difference, spread, size);
      }
    }
    send(a, v.value() * c * v.value().transpose());
  };
  return std::make_tuple(record("symmetric_eigen", w, pull, a), v);
}

/// The x with the least |a x - b|, for a of full column rank, by QR.
template <class A, class B>
auto least_squares(const A& a, const B& b) {
  const auto [q, r] = qr(a);
  return solve_triangular<Eigen::Upper>(r, transpose(q) * b);
}

}  // namespace bibun

#endif
