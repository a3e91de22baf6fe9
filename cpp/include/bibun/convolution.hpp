// Convolution and correlation in two dimensions.
#ifndef BIBUN_CONVOLUTION_HPP
#define BIBUN_CONVOLUTION_HPP

#include "reductions.hpp"

namespace bibun {

/// Calls visit(i, j) for each entry of a kernel.
template <class Kernel, class Visit>
void for_each_entry(const Kernel& kernel, Visit visit) {
  for (Index j = 0; j < kernel.cols(); ++j) {
    for (Index i = 0; i < kernel.rows(); ++i) visit(i, j);
  }
}

template <class X, class K>
void must_cover(const char* name, const X& x, const K& k) {
  if (k.size() == 0 || k.rows() > x.rows() || k.cols() > x.cols()) throw do_not_fit(name, x, k);
}

/// y[i, j] = sum over k, l of x[i + k, j + l] kernel[k, l], where the kernel lies inside of x.
template <class X, class K, if_matrix<X> = 0, if_matrix<K> = 0>
auto correlate(const X& x, const K& kernel) {
  using S = typename X::Scalar;
  must_cover("correlate", x, kernel);
  const Index rows = x.rows() - kernel.rows() + 1, columns = x.cols() - kernel.cols() + 1;
  using Matrix = Plain<S, Eigen::Dynamic, Eigen::Dynamic>;
  Matrix y = Matrix::Zero(rows, columns);
  for_each_entry(kernel,
                 [&](Index i, Index j) { y += S(kernel(i, j)) * x.block(i, j, rows, columns); });
  return y;
}

template <class X, class K, if_any_var<X, K> = 0>
auto correlate(const X& given, const K& kernel) {
  using S = VarScalar<X, K>;
  const auto x = lift<S>(given);
  const auto k = lift<S>(kernel);
  must_cover("correlate", x, k);
  const Index rows = x.rows() - k.rows() + 1, columns = x.cols() - k.cols() + 1;
  const Stored<Plain<S, Eigen::Dynamic, Eigen::Dynamic>> y(rows, columns, false);
  y.mutable_value().setZero();
  for_each_entry(k, [&](Index i, Index j) {
    y.mutable_value() += k.value()(i, j) * x.value().block(i, j, rows, columns);
  });
  auto pull = [x, k, y, rows, columns] {
    for_each_entry(k, [&](Index i, Index j) {
      const auto g = y.adjoint();
      if (!x.constant()) x.adjoint().block(i, j, rows, columns) += k.value()(i, j) * g;
      if (!k.constant()) {
        k.adjoint()(i, j) += x.value().block(i, j, rows, columns).cwiseProduct(g).sum();
      }
    });
  };
  return record("correlate", y, pull, x, k);
}

/// y[i, j] = sum over k, l of x[i - k, j - l] kernel[k, l], wherever both overlap.
template <class X, class K, if_matrix<X> = 0, if_matrix<K> = 0>
auto convolve(const X& x, const K& kernel) {
  using S = typename X::Scalar;
  using Matrix = Plain<S, Eigen::Dynamic, Eigen::Dynamic>;
  Matrix y = Matrix::Zero(x.rows() + kernel.rows() - 1, x.cols() + kernel.cols() - 1);
  for_each_entry(
      kernel, [&](Index i, Index j) { y.block(i, j, x.rows(), x.cols()) += S(kernel(i, j)) * x; });
  return y;
}

template <class X, class K, if_any_var<X, K> = 0>
auto convolve(const X& given, const K& kernel) {
  using S = VarScalar<X, K>;
  const auto x = lift<S>(given);
  const auto k = lift<S>(kernel);
  const Stored<Plain<S, Eigen::Dynamic, Eigen::Dynamic>> y(x.rows() + k.rows() - 1,
                                                           x.cols() + k.cols() - 1, false);
  y.mutable_value().setZero();
  for_each_entry(k, [&](Index i, Index j) {
    y.mutable_value().block(i, j, x.rows(), x.cols()) += k.value()(i, j) * x.value();
  });
  auto pull = [x, k, y] {
    for_each_entry(k, [&](Index i, Index j) {
      const auto g = y.adjoint().block(i, j, x.rows(), x.cols());
      if (!x.constant()) x.adjoint() += k.value()(i, j) * g;
      if (!k.constant()) k.adjoint()(i, j) += x.value().cwiseProduct(g).sum();
    });
  };
  return record("convolve", y, pull, x, k);
}

}  // namespace bibun

#endif
