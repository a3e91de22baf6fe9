// Solves, inverses and determinants. What is factorised once serves the way back, too.
#ifndef BIBUN_LINEAR_HPP
#define BIBUN_LINEAR_HPP

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <memory>
#include <string>
#include <vector>

#include "shaping.hpp"

namespace bibun {

/// An object of a pool that each thread has, so that factorisations keep their memory.
template <class T>
class Pooled {
 public:
  Pooled() {
    if (pool().empty()) {
      object_ = std::make_unique<T>();
    } else {
      object_ = std::move(pool().back());
      pool().pop_back();
    }
  }
  ~Pooled() {
    if (object_ != nullptr) pool().push_back(std::move(object_));
  }
  Pooled(Pooled&&) = default;
  T& operator*() const { return *object_; }
  T* operator->() const { return object_.get(); }

 private:
  static std::vector<std::unique_ptr<T>>& pool() {
    static thread_local std::vector<std::unique_ptr<T>> own;
    return own;
  }
  std::unique_ptr<T> object_;
};

template <class X>
void must_be_square(const char* name, const X& a) {
  if (a.rows() != a.cols()) {
    throw std::invalid_argument(std::string("bibun: ") + name + " needs a square matrix");
  }
}

template <class A, class B>
void must_solve(const char* name, const A& a, const B& b) {
  must_be_square(name, a);
  if (a.rows() != b.rows()) throw do_not_fit(name, a, b);
}

/// Workspace on the tape.
template <class M>
Stored<M> workspace(Index rows, Index columns) {
  return Stored<M>(rows, columns, true);
}

/// x = a^-1 b by LU, with w = a^-T g for b and -w x^T for a.
template <class A, class B, if_any_var<A, B> = 0>
auto solve(const A& given, const B& right) {
  using S = VarScalar<A, B>;
  const auto a = lift<S>(given);
  const auto b = lift<S>(right);
  using Left = typename decltype(lift<S>(given))::Matrix;
  using Right = typename decltype(lift<S>(right))::Matrix;
  must_solve("solve", a, b);
  Pooled<Eigen::PartialPivLU<Left>> lu;
  lu->compute(a.value());
  const Stored<Right> x(b.rows(), b.cols(), false);
  auto value = x.mutable_value();
  value.noalias() = lu->permutationP() * b.value();
  lu->matrixLU().template triangularView<Eigen::UnitLower>().solveInPlace(value);
  lu->matrixLU().template triangularView<Eigen::Upper>().solveInPlace(value);
  const Stored<Right> back = workspace<Right>(b.rows(), b.cols());
  const Stored<Right> sent = workspace<Right>(b.rows(), b.cols());
  auto pull = [a, b, x, back, sent, lu = std::move(lu)] {
    auto w = back.mutable_value();
    w = x.adjoint();
    lu->matrixLU().transpose().template triangularView<Eigen::Lower>().solveInPlace(w);
    lu->matrixLU().transpose().template triangularView<Eigen::UnitUpper>().solveInPlace(w);
    sent.mutable_value().noalias() = lu->permutationP().transpose() * w;
    send(b, sent.value());
    if (!a.constant()) a.adjoint().noalias() -= sent.value() * x.value().transpose();
  };
  return record("solve", x, std::move(pull), a, b);
}

/// The Cholesky factors of a value, which has to be positive definite.
template <class M>
Pooled<Eigen::LLT<M>> factors_of_positive(const char* name, const Stored<M>& a) {
  Pooled<Eigen::LLT<M>> llt;
  llt->compute(a.value());
  if (llt->info() != Eigen::Success) {
    throw std::domain_error("bibun: " + std::string(name) + ": the matrix is not positive definite");
  }
  return llt;
}

/// The lower triangular l with a = l l^T; only a's lower triangle is read, and a counts as
/// symmetric.
template <class M>
Var<M> cholesky(const Var<M>& given) {
  const Stored<M> a = attached(given);
  must_be_square("cholesky", a);
  auto llt = factors_of_positive("cholesky", a);
  const Stored<M> l(a.rows(), a.cols(), false);
  l.mutable_value() = llt->matrixL();
  const Stored<M> work = workspace<M>(a.rows(), a.cols()), lower = workspace<M>(a.rows(), a.cols());
  auto pull = [a, l, work, lower] {
    auto p = work.mutable_value();
    lower.mutable_value() = l.adjoint().template triangularView<Eigen::Lower>();
    p.noalias() = l.value().transpose() * lower.value();
    p.template triangularView<Eigen::StrictlyUpper>().setZero();
    p.diagonal() *= 0.5;
    const auto triangle = l.value().template triangularView<Eigen::Lower>();
    l.value().transpose().template triangularView<Eigen::Upper>().solveInPlace(p);
    triangle.template solveInPlace<Eigen::OnTheRight>(p);
    send(a, 0.5 * p);
    send(a, 0.5 * p.transpose());
  };
  return record("cholesky", l, pull, a);
}

/// x = a^-1 b for a symmetric positive definite a, by its Cholesky factor.
template <class A, class B, if_any_var<A, B> = 0>
auto solve_positive(const A& given, const B& right) {
  using S = VarScalar<A, B>;
  const auto a = lift<S>(given);
  const auto b = lift<S>(right);
  using Right = typename decltype(lift<S>(right))::Matrix;
  must_solve("solve_positive", a, b);
  auto llt = factors_of_positive("solve_positive", a);
  const Stored<Right> x(b.rows(), b.cols(), false);
  auto value = x.mutable_value();
  value = b.value();
  llt->solveInPlace(value);
  const Stored<Right> work = workspace<Right>(b.rows(), b.cols());
  auto pull = [a, b, x, work, llt = std::move(llt)] {
    auto w = work.mutable_value();
    w = x.adjoint();
    llt->solveInPlace(w);
    send(b, w);
    if (a.constant()) return;
    a.adjoint().noalias() -= S(0.5) * w * x.value().transpose();
    a.adjoint().noalias() -= S(0.5) * x.value() * w.transpose();
  };
  return record("solve_positive", x, std::move(pull), a, b);
}

/// x = t^-1 b for a triangular t: Mode is Eigen::Lower, Upper, UnitLower or UnitUpper.
template <int Mode, class A, class B, if_any_var<A, B> = 0>
auto solve_triangular(const A& given, const B& right) {
  using S = VarScalar<A, B>;
  const auto t = lift<S>(given);
  const auto b = lift<S>(right);
  using Left = typename decltype(lift<S>(given))::Matrix;
  using Right = typename decltype(lift<S>(right))::Matrix;
  must_solve("solve_triangular", t, b);
  constexpr int unit = Mode & Eigen::UnitDiag;
  constexpr int turned = (Mode & Eigen::Lower ? Eigen::Upper : Eigen::Lower) | unit;
  constexpr int sent = unit ? (Mode & Eigen::Lower ? Eigen::StrictlyLower : Eigen::StrictlyUpper)
                            : (Mode & (Eigen::Lower | Eigen::Upper));
  const Stored<Right> x(b.rows(), b.cols(), false);
  auto value = x.mutable_value();
  value = b.value();
  t.value().template triangularView<Mode>().solveInPlace(value);
  const Stored<Right> work = workspace<Right>(b.rows(), b.cols());
  const Stored<Left> outer = workspace<Left>(t.rows(), t.cols());
  auto pull = [t, b, x, work, outer] {
    auto w = work.mutable_value();
    w = x.adjoint();
    t.value().transpose().template triangularView<turned>().solveInPlace(w);
    send(b, w);
    if (t.constant()) return;
    outer.mutable_value().noalias() = w * x.value().transpose();
    t.adjoint().template triangularView<sent>() -= outer.value();
  };
  return record("solve_triangular", x, pull, t, b);
}

/// y = a^-1, with the derivative -y^T g y^T.
template <class M>
Var<M> inverse(const Var<M>& given) {
  const Stored<M> a = attached(given);
  must_be_square("inverse", a);
  const Stored<M> y(a.rows(), a.cols(), false);
  const Stored<M> work = workspace<M>(a.rows(), a.cols());
  y.mutable_value() = M(a.value()).inverse();
  auto pull = [a, y, work] {
    work.mutable_value().noalias() = y.value().transpose() * y.adjoint();
    if (!a.constant()) a.adjoint().noalias() -= work.value() * y.value().transpose();
  };
  return record("inverse", y, pull, a);
}

/// The determinants of what is left without a row and a column, with signs: det(a) a^-T also where
/// det is 0.
template <class M>
M cofactors(const M& a) {
  using S = typename M::Scalar;
  const Index n = a.rows();
  M c(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      Plain<S, Eigen::Dynamic, Eigen::Dynamic> rest(n - 1, n - 1);
      rest << a.topLeftCorner(i, j), a.topRightCorner(i, n - 1 - j),
          a.bottomLeftCorner(n - 1 - i, j), a.bottomRightCorner(n - 1 - i, n - 1 - j);
      const S minor = n == 1 ? S(1) : S(rest.partialPivLu().determinant());
      c(i, j) = (i + j) % 2 == 0 ? minor : S(-minor);
    }
  }
  return c;
}

template <class M>
Single<M> determinant(const Var<M>& given) {
  using S = typename M::Scalar;
  const Stored<M> a = attached(given);
  must_be_square("determinant", a);
  const M copy = a.value();
  const auto y = single<M>(copy.partialPivLu().determinant());
  auto pull = [a, y] {
    const M here = a.value();
    const S g = y.adjoint_data()[0];
    if (number(y.data()[0]) == 0) return send(a, cofactors(here) * g);
    send(a, here.inverse().transpose() * S(y.data()[0] * g));
  };
  return record("determinant", y, pull, a);
}

/// log |det a|, without the determinant itself, which overflows soon.
template <class M>
Single<M> log_abs_det(const Var<M>& given) {
  const Stored<M> a = attached(given);
  must_be_square("log_abs_det", a);
  Pooled<Eigen::PartialPivLU<M>> lu;
  lu->compute(a.value());
  typename M::Scalar total(0);
  for (Index i = 0; i < a.rows(); ++i) total += log(abs(lu->matrixLU()(i, i)));
  const auto y = single<M>(total);
  auto pull = [a, y, lu = std::move(lu)] {
    send(a, lu->inverse().transpose() * y.adjoint_data()[0]);
  };
  return record("log_abs_det", y, std::move(pull), a);
}

// ------------------------------------------------------------------ of plain matrices

template <class A, class B, if_matrix<A> = 0, if_matrix<B> = 0>
auto solve(const A& a, const B& b) {
  must_solve("solve", a, b);
  return a.eval().partialPivLu().solve(b).eval();
}
template <class A, class B, if_matrix<A> = 0, if_matrix<B> = 0>
auto solve_positive(const A& a, const B& b) {
  must_solve("solve_positive", a, b);
  return a.eval().llt().solve(b).eval();
}
template <int Mode, class A, class B, if_matrix<A> = 0, if_matrix<B> = 0>
auto solve_triangular(const A& a, const B& b) {
  must_solve("solve_triangular", a, b);
  return a.eval().template triangularView<Mode>().solve(b).eval();
}
template <class A, if_matrix<A> = 0>
auto cholesky(const A& a) {
  return typename A::PlainObject(a.eval().llt().matrixL());
}
template <class A, if_matrix<A> = 0>
auto inverse(const A& a) {
  return a.eval().inverse().eval();
}
template <class A, if_matrix<A> = 0>
auto determinant(const A& a) {
  return a.eval().partialPivLu().determinant();
}
template <class A, if_matrix<A> = 0>
auto log_abs_det(const A& a) {
  const auto lu = a.eval().partialPivLu();
  typename A::Scalar total(0);
  for (Index i = 0; i < a.rows(); ++i) total += log(abs(lu.matrixLU()(i, i)));
  return total;
}

}  // namespace bibun

#endif
