// Parts of matrices, and matrices put together: what only moves entries to other places.
#ifndef BIBUN_SHAPING_HPP
#define BIBUN_SHAPING_HPP

#include "reductions.hpp"

namespace bibun {

/// y = view(x), where `view` picks entries of a matrix that can be written to.
template <class Result, class M, class View>
Var<Result> viewed(const char* name, const Var<M>& given, Index rows, Index columns, View view) {
  const Stored<M> x = attached(given);
  const Stored<Result> y(rows, columns, false);
  y.mutable_value() = view(x.value());
  auto pull = [x, y, view] {
    if (x.constant()) return;
    auto g = x.adjoint();
    view(g) += y.adjoint();
  };
  return record(name, y, pull, x);
}

template <class M>
auto transpose(const Var<M>& x) {
  using Result = Plain<typename M::Scalar, M::ColsAtCompileTime, M::RowsAtCompileTime>;
  return viewed<Result>("transpose", x, x.cols(), x.rows(), [](auto&& m) { return m.transpose(); });
}

inline void must_lie_inside(bool inside, const char* name) {
  if (!inside)
    throw std::out_of_range(std::string("bibun: ") + name + " reaches beyond the matrix");
}

/// A block of a size that is known when the program runs.
template <class M>
auto block(const Var<M>& x, Index i, Index j, Index rows, Index columns) {
  must_lie_inside(i >= 0 && j >= 0 && rows >= 0 && columns >= 0 && i + rows <= x.rows() &&
                      j + columns <= x.cols(),
                  "block");
  using Result = Plain<typename M::Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  auto view = [=](auto&& m) { return m.block(i, j, rows, columns); };
  return viewed<Result>("block", x, rows, columns, view);
}
/// A block of a fixed size.
template <int Rows, int Columns, class M>
auto block(const Var<M>& x, Index i, Index j) {
  must_lie_inside(i >= 0 && j >= 0 && i + Rows <= x.rows() && j + Columns <= x.cols(), "block");
  using Result = Plain<typename M::Scalar, Rows, Columns>;
  auto view = [=](auto&& m) { return m.template block<Rows, Columns>(i, j); };
  return viewed<Result>("block", x, Rows, Columns, view);
}
template <class M>
auto row(const Var<M>& x, Index i) {
  must_lie_inside(i >= 0 && i < x.rows(), "row");
  using Result = Plain<typename M::Scalar, 1, M::ColsAtCompileTime>;
  return viewed<Result>("row", x, 1, x.cols(), [i](auto&& m) { return m.row(i); });
}
template <class M>
auto column(const Var<M>& x, Index j) {
  must_lie_inside(j >= 0 && j < x.cols(), "column");
  using Result = Plain<typename M::Scalar, M::RowsAtCompileTime, 1>;
  return viewed<Result>("column", x, x.rows(), 1, [j](auto&& m) { return m.col(j); });
}
/// Entries start ... start + n - 1 of a vector.
template <class M>
auto segment(const Var<M>& x, Index start, Index n) {
  static_assert(M::IsVectorAtCompileTime, "bibun: segment, head and tail are for vectors");
  must_lie_inside(start >= 0 && n >= 0 && start + n <= x.size(), "segment");
  constexpr bool tall = M::ColsAtCompileTime == 1;
  using Result = Plain<typename M::Scalar, tall ? Eigen::Dynamic : 1, tall ? 1 : Eigen::Dynamic>;
  auto view = [=](auto&& m) { return m.segment(start, n); };
  return viewed<Result>("segment", x, tall ? n : 1, tall ? 1 : n, view);
}
/// One entry.
template <class M>
auto entry(const Var<M>& x, Index i, Index j) {
  must_lie_inside(i >= 0 && j >= 0 && i < x.rows() && j < x.cols(), "entry");
  using Result = Plain<typename M::Scalar, 1, 1>;
  return viewed<Result>("entry", x, 1, 1, [=](auto&& m) { return m.template block<1, 1>(i, j); });
}
template <class M>
auto diagonal(const Var<M>& x) {
  using Result = Plain<typename M::Scalar, Eigen::Dynamic, 1>;
  const Index n = std::min(x.rows(), x.cols());
  return viewed<Result>("diagonal", x, n, 1, [](auto&& m) { return m.diagonal(); });
}
template <class M>
auto trace(const Var<M>& x) {
  return sum(diagonal(x));
}

/// The same numbers, column after column, in another shape.
template <class M>
auto reshape(const Var<M>& x, Index rows, Index columns) {
  if (rows * columns != x.size()) {
    throw std::invalid_argument("bibun: reshape: the number of entries has to stay the same");
  }
  using Result = Plain<typename M::Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  auto view = [=](auto&& m) { return m.reshaped(rows, columns); };
  return viewed<Result>("reshape", x, rows, columns, view);
}

/// A row, a column or one number repeated.
template <class M>
auto broadcast(const Var<M>& x, Index rows, Index columns) {
  if ((x.rows() != rows && x.rows() != 1) || (x.cols() != columns && x.cols() != 1)) {
    throw std::invalid_argument("bibun: broadcast repeats rows and columns of one");
  }
  const Plain<typename M::Scalar, Eigen::Dynamic, Eigen::Dynamic> zeros =
      Plain<typename M::Scalar, Eigen::Dynamic, Eigen::Dynamic>::Zero(rows, columns);
  return add(x, zeros);
}

/// y = [a b] or [a; b].
template <class A, class B>
auto joined(const char* name, Stored<A> a, Stored<B> b, bool beside) {
  using Result = Plain<typename A::Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  if (beside ? a.rows() != b.rows() : a.cols() != b.cols()) throw do_not_fit(name, a, b);
  const Stored<Result> y(beside ? a.rows() : a.rows() + b.rows(),
                         beside ? a.cols() + b.cols() : a.cols(), false);
  const Index i = beside ? 0 : a.rows(), j = beside ? a.cols() : 0;
  y.mutable_value().topLeftCorner(a.rows(), a.cols()) = a.value();
  y.mutable_value().block(i, j, b.rows(), b.cols()) = b.value();
  auto pull = [a, b, y, i, j] {
    send(a, y.adjoint().topLeftCorner(a.rows(), a.cols()));
    send(b, y.adjoint().block(i, j, b.rows(), b.cols()));
  };
  return record(name, y, pull, a, b);
}
template <class A, class B, if_any_var<A, B> = 0>
auto beside(const A& a, const B& b) {
  using S = VarScalar<A, B>;
  return joined("beside", lift<S>(a), lift<S>(b), true);
}
template <class A, class B, if_any_var<A, B> = 0>
auto above(const A& a, const B& b) {
  using S = VarScalar<A, B>;
  return joined("above", lift<S>(a), lift<S>(b), false);
}

/// a where the mask holds, else b. What was not chosen gets an exact zero, which stays zero.
template <class Mask, class A, class B, if_any_var<A, B> = 0>
auto select(const Eigen::DenseBase<Mask>& mask, const A& a, const B& b) {
  using S = VarScalar<A, B>;
  const auto x = lift<S>(a);
  const auto z = lift<S>(b);
  if (x.rows() != z.rows() || x.cols() != z.cols()) throw do_not_fit("select", x, z);
  if (mask.rows() != x.rows() || mask.cols() != x.cols()) throw do_not_fit("select", mask, x);
  const Stored<typename decltype(lift<S>(a))::Matrix> y(x.rows(), x.cols(), false);
  bool* chosen = tape().template values<bool>(x.size());
  for (Index j = 0, k = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i, ++k) {
      chosen[k] = mask.derived().coeff(i, j);
      y.mutable_value()(i, j) = chosen[k] ? x.value()(i, j) : z.value()(i, j);
    }
  }
  auto pull = [x, z, y, chosen] {
    for (Index j = 0, k = 0; j < x.cols(); ++j) {
      for (Index i = 0; i < x.rows(); ++i, ++k) {
        if (chosen[k] && !x.constant()) x.adjoint()(i, j) += y.adjoint()(i, j);
        if (!chosen[k] && !z.constant()) z.adjoint()(i, j) += y.adjoint()(i, j);
      }
    }
  };
  return record("select", y, pull, x, z);
}

// ------------------------------------------------------------------ of plain matrices

template <class X, if_matrix<X> = 0>
auto transpose(const X& x) {
  return x.transpose().eval();
}
template <class X, if_matrix<X> = 0>
auto block(const X& x, Index i, Index j, Index rows, Index columns) {
  return x.block(i, j, rows, columns).eval();
}
template <class X, if_matrix<X> = 0>
auto row(const X& x, Index i) {
  return x.row(i).eval();
}
template <class X, if_matrix<X> = 0>
auto column(const X& x, Index j) {
  return x.col(j).eval();
}
template <class X, if_matrix<X> = 0>
auto segment(const X& x, Index start, Index n) {
  return x.segment(start, n).eval();
}
template <class X, if_matrix<X> = 0>
auto entry(const X& x, Index i, Index j) {
  return typename X::Scalar(x(i, j));
}
template <class X, if_matrix<X> = 0>
auto diagonal(const X& x) {
  return x.diagonal().eval();
}
template <class X, if_matrix<X> = 0>
auto trace(const X& x) {
  return x.trace();
}
template <class X, if_matrix<X> = 0>
auto reshape(const X& x, Index rows, Index columns) {
  return x.reshaped(rows, columns).eval();
}
template <class X, if_matrix<X> = 0>
auto broadcast(const X& x, Index rows, Index columns) {
  using Result = Plain<typename X::Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  if ((x.rows() != rows && x.rows() != 1) || (x.cols() != columns && x.cols() != 1)) {
    throw std::invalid_argument("bibun: broadcast repeats rows and columns of one");
  }
  return Result(x.replicate(rows / x.rows(), columns / x.cols()));
}
template <class A, class B, if_matrix<A> = 0, if_matrix<B> = 0>
auto beside(const A& a, const B& b) {
  if (a.rows() != b.rows()) throw do_not_fit("beside", a, b);
  Plain<typename A::Scalar, Eigen::Dynamic, Eigen::Dynamic> y(a.rows(), a.cols() + b.cols());
  y << a, b;
  return y;
}
template <class A, class B, if_matrix<A> = 0, if_matrix<B> = 0>
auto above(const A& a, const B& b) {
  if (a.cols() != b.cols()) throw do_not_fit("above", a, b);
  Plain<typename A::Scalar, Eigen::Dynamic, Eigen::Dynamic> y(a.rows() + b.rows(), a.cols());
  y << a, b;
  return y;
}
template <class Mask, class A, class B, if_matrix<A> = 0, if_matrix<B> = 0>
auto select(const Eigen::DenseBase<Mask>& mask, const A& a, const B& b) {
  return mask.derived().select(a, b).eval();
}

}  // namespace bibun

#endif
