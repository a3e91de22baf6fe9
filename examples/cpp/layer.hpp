// The article's layer on tensors of numbers with derivatives. Only the type of the numbers is
// exchanged: bibun::AutoDiffScalar in the place of Eigen::AutoDiffScalar<Eigen::VectorXd>, with the
// number of derivatives said beforehand. They lie in the number itself, so that Eigen's
// contraction, which assigns into memory that was never constructed, is defined behaviour.
#ifndef EXAMPLES_LAYER_HPP
#define EXAMPLES_LAYER_HPP

#include <bibun/eigen.hpp>
#include <cstdio>
#include <unsupported/Eigen/CXX11/Tensor>

template <typename T>
using Tensor2 = Eigen::Tensor<T, 2>;

auto sin_activation = [](const auto& t) { return sin(t); };

template <typename T, typename Activation>
Tensor2<T> CustomLayer(const Tensor2<T>& x, const Tensor2<T>& w, Activation activation) {
  const Eigen::array<Eigen::IndexPair<int>, 1> dimensions = {Eigen::IndexPair<int>(1, 0)};
  Tensor2<T> z = x.contract(w, dimensions);
  return z.unaryExpr(activation);
}

/// A tensor of numbers that are variables offset, offset + 1, ... of `count`; constants if count is
/// 0.
template <typename T>
Tensor2<T> convert(const Tensor2<double>& tensor, int offset = 0, int count = 0) {
  const int rows = static_cast<int>(tensor.dimension(0));
  const int columns = static_cast<int>(tensor.dimension(1));
  Tensor2<T> result(rows, columns);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      result(i, j).value() = tensor(i, j);
      if (count == 0) continue;
      result(i, j).derivatives() = Eigen::VectorXd::Unit(count, offset + i * columns + j);
    }
  }
  return result;
}

template <typename T>
T sum_of_squares(const Tensor2<T>& y) {
  T total(0);
  for (int i = 0; i < y.size(); ++i) total += y.data()[i] * y.data()[i];
  return total;
}

/// The derivatives of a loss with respect to a tensor of variables that begins at an offset.
template <typename T>
Tensor2<double> gradients(const T& loss, int rows, int columns, int offset = 0) {
  const Eigen::VectorXd all = loss.derivatives();
  Tensor2<double> result(rows, columns);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) result(i, j) = all(offset + i * columns + j);
  }
  return result;
}

inline Tensor2<double> the_inputs() {
  Tensor2<double> x(3, 3);
  x.setValues({{-1, 0, 1}, {2, 3, 4}, {-1, -5, 2}});
  return x;
}

inline Tensor2<double> the_weights() {
  Tensor2<double> w(3, 2);
  w.setValues({{-0.1, 0.2}, {0.3, -0.4}, {0.5, 0.6}});
  return w;
}

inline void print(const char* name, const Tensor2<double>& t) {
  std::printf("%s\n", name);
  for (int i = 0; i < t.dimension(0); ++i) {
    for (int j = 0; j < t.dimension(1); ++j) std::printf("%.17g ", t(i, j));
    std::printf("\n");
  }
}

#endif
