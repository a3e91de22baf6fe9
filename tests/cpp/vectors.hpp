// Vectors of one truth: numbers that Python computed are checked here, and this program computes
// at points of its own and prints what Python then checks.
#ifndef BIBUN_TESTS_VECTORS_HPP
#define BIBUN_TESTS_VECTORS_HPP

#include <Eigen/Core>
#include <bibun/ad.hpp>

#include "close.hpp"

using namespace bibun;
using Matrix = Eigen::MatrixXd;
using One = Dual<double, 2>;
using Two = Dual<One, 2>;

/// Numbers between 0 and 1 that differ from those of Python.
struct Draw {
  unsigned state = 2463534242u;
  double next() {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) / 16777216.0;
  }
};

/// Columns of a row of numbers about f(x, y): value, derivatives by x and y, second ones.
constexpr int kColumns = 6;

template <class F>
void differentiate(const F& f, double x, double y, double* found) {
  Two a(One::variable(x, 0)), b(One::variable(y, 1));
  a.derivatives()[0] = One(1);
  b.derivatives()[1] = One(1);
  const Two z = f(a, b);
  const One w = f(One::variable(x, 0), One::variable(y, 1));
  found[0] = f(x, y);
  found[1] = w.derivative(0);
  found[2] = w.derivative(1);
  found[3] = z.derivative(0).derivative(0);
  found[4] = z.derivative(0).derivative(1);
  found[5] = z.derivative(1).derivative(1);
}

inline void print(const double* x, Index n) {
  for (Index i = 0; i < n; ++i) std::printf("%a ", x[i]);
}

/// Python's points with all that is known there, and as many of one's own.
template <class F>
void element(const char* name, const F& f, const double (*given)[2 + kColumns], int count,
             double tolerance, const double (*domains)[2]) {
  double found[kColumns];
  for (int i = 0; i < count; ++i) {
    differentiate(f, given[i][0], given[i][1], found);
    for (int k = 0; k < kColumns; ++k) close(found[k], given[i][2 + k], tolerance, name);
  }
  Draw draw;
  for (int i = 0; i < 5; ++i) {
    double at[2];
    for (int k = 0; k < 2; ++k) at[k] = domains[k][0] + (domains[k][1] - domains[k][0]) * draw.next();
    differentiate(f, at[0], at[1], found);
    std::printf("%s ", name);
    print(at, 2);
    print(found, kColumns);
    std::printf("\n");
  }
}

/// The sum of z times w, and its derivatives. It is compiled once, not for each function.
template <class Z>
std::tuple<double, Matrix, Matrix> swept(GradientTape& tape, const Z& z, const Matrix& w,
                                         const Var<Matrix>& x, const Var<Matrix>& y) {
  const auto loss = sum(multiply(z, w));
  const auto [dx, dy] = tape.gradients(loss, x, y);
  return {loss.item(), dx, dy};
}

/// Values and first derivatives alone, where the functions begin, end, or have a kink.
template <class F>
void at_hard_points(const char* name, const F& f, const double (*given)[2 + kColumns], int count,
                    double tolerance) {
  double found[kColumns];
  for (int i = 0; i < count; ++i) {
    differentiate(f, given[i][0], given[i][1], found);
    for (int k = 0; k < 3; ++k) close(found[k], given[i][2 + k], tolerance, name);
  }
}

/// The same functions of matrices on the tape: the value, and the derivatives of its sum.
template <class F>
void on_the_tape(const char* name, const F& f, const double (*given)[2 + kColumns], int count,
                 double tolerance) {
  Matrix x(count, 1), y(count, 1);
  for (int i = 0; i < count; ++i) {
    x(i) = given[i][0];
    y(i) = given[i][1];
  }
  const Matrix z = f(x, y);
  GradientTape tape;
  const auto a = tape.variable(x), b = tape.variable(y);
  const auto [total, dx, dy] = swept(tape, f(a, b), Matrix::Ones(count, 1), a, b);
  for (int i = 0; i < count; ++i) {
    close(z(i), given[i][2], tolerance, name);
    close(dx(i), given[i][3], tolerance, name);
    close(dy(i), given[i][4], tolerance, name);
  }
}

// ------------------------------------------------------------------ functions of matrices

inline Matrix matrix(Index rows, Index columns, const double* numbers) {
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      numbers, rows, columns);
}
inline Matrix as_matrix(double x) { return Matrix::Constant(1, 1, x); }
template <class D>
Matrix as_matrix(const Eigen::MatrixBase<D>& x) {
  return x;
}

template <class M>
const M& plain(const Var<M>& x) {
  static thread_local M copy;
  return copy = x.value();
}
template <class D>
const D& plain(const Eigen::MatrixBase<D>& x) {
  return x.derived();
}

template <class X>
Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> positive(const X& x) {
  return plain(x).array() > 0;
}

inline void near(const Matrix& found, const Matrix& expected, double tolerance, const char* name) {
  check(found.rows() == expected.rows() && found.cols() == expected.cols(), name);
  for (Index i = 0; i < found.size(); ++i) close(found(i), expected(i), tolerance, name);
}

inline void print(const Matrix& x) {
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < x.cols(); ++j) std::printf("%a ", x(i, j));
  }
}

/// A matrix of one's own, of the kind that a function needs.
inline Matrix drawn(Index rows, Index columns, const std::string& kind, Draw& draw) {
  Matrix x(rows, columns);
  for (Index i = 0; i < x.size(); ++i) x(i) = draw.next() - 0.5;
  if (kind == "regular") return x + 2 * Matrix::Identity(rows, columns);
  if (kind == "positive") return x * x.transpose() + Matrix::Identity(rows, columns);
  if (kind != "symmetric") return x;
  const Matrix apart = Eigen::VectorXd::LinSpaced(rows, 0, 3).asDiagonal();
  return x + x.transpose() + apart;
}

/// f(x, y), the gradient of the sum of its entries times w, as Python has it and elsewhere.
template <class F>
void whole(const char* name, const F& f, const std::string& kind, const Matrix& x, const Matrix& y,
           const Matrix& w, const Matrix& z, const Matrix& dx, const Matrix& dy, double tolerance) {
  const auto differentiated = [&](const Matrix& a, const Matrix& b) {
    GradientTape tape;
    const auto u = tape.variable(a), v = tape.variable(b);
    return swept(tape, f(u, v), w, u, v);
  };
  const auto [value, found_dx, found_dy] = differentiated(x, y);
  near(as_matrix(f(x, y)), z, tolerance, name);
  close(value, z.cwiseProduct(w).sum(), tolerance, name);
  near(found_dx, dx, tolerance, name);
  near(found_dy, dy, tolerance, name);
  Draw draw;
  const Matrix a = drawn(x.rows(), x.cols(), kind, draw);
  const Matrix b = drawn(y.rows(), y.cols(), "", draw);
  const auto [other, da, db] = differentiated(a, b);
  std::printf("%s %a ", name, other);
  for (const Matrix& m : {a, b, da, db}) print(m);
  std::printf("\n");
}

/// Q with R on the right, in signs that do not depend on the library.
template <class X>
auto factors(const X& x) {
  const auto [q, r] = qr(x);
  const Matrix signs = plain(r).diagonal().array().sign().matrix();
  const Matrix row = signs.transpose();
  return above(multiply(q, row), transpose(multiply(r, signs)));
}

template <class X>
auto eigen(const X& x) {
  const auto [w, u] = symmetric_eigen(x);
  return beside(w, square(u));
}

#endif
