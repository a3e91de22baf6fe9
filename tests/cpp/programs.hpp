// Matrix programs are checked three ways: reverse mode, forward mode and differences; and H v.
//
// All in long double, so that differences are a sharp reference.
#ifndef BIBUN_TESTS_PROGRAMS_HPP
#define BIBUN_TESTS_PROGRAMS_HPP

#include <Eigen/Core>
#include <bibun/ad.hpp>

#include "close.hpp"

using namespace bibun;
using Real = long double;
using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

/// Differences of order 6 are good to some 1e-15 of the largest value on the way, which is below
/// 100.
constexpr double kGradient = 1e-12, kProduct = 1e-12;
/// Forward and reverse mode add up the same numbers in another order, with 64 bits each.
constexpr double kModes = 1e-15;

/// A matrix whose entries are neither small nor equal.
template <class M = Matrix>
M filled(Index rows, Index columns, int seed) {
  M x(rows, columns);
  unsigned state = 12345u + 7919u * static_cast<unsigned>(seed);
  for (Index i = 0; i < x.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    x.data()[i] = static_cast<Real>(state >> 8) / (1 << 24) * 1.6L - 0.8L;
  }
  return x;
}

/// The gradient of a program f at x, three ways.
template <class F, class M>
void first_order(const char* name, const F& f, const M& x) {
  using D = Dual<Real, 1>;
  using Duals = typename decltype(x.template cast<D>())::PlainObject;
  const auto [value, slope] = value_and_grad(f)(x);
  close(value, f(x), 1e-17, name);
  for (Index i = 0; i < x.size(); ++i) {
    M moved = x;
    auto along = [&](Real t) {
      moved.data()[i] = t;
      return f(moved);
    };
    close(slope.data()[i], difference(along, x.data()[i]), kGradient, name);
    Duals seeded = x.template cast<D>();
    seeded.data()[i].derivatives()[0] = 1;
    close(slope.data()[i], D(f(seeded)).derivative(), kModes, name);
  }
}

/// The same, and its Hessian along a direction.
template <class F, class M>
void agrees(const char* name, const F& f, const M& x) {
  first_order(name, f, x);
  const M direction = filled<M>(x.rows(), x.cols(), 99);
  const M product = hessian_vector(f)(x, direction);
  auto shifted = [&](Real t) { return dot(gradient(f)(M(x + t * direction)), direction); };
  close(dot(product, direction), difference(shifted, 0), kProduct, name);
}

/// A constant matrix in the numbers of a program's argument.
template <class V, class M>
auto as(const V&, const M& constant) {
  return constant.template cast<typename V::Scalar>().eval();
}

#endif
