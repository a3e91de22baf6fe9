// Dual<T, N>: a number with its derivatives along N directions, for forward mode. No dependency.
//
// T is float, double, or again a Dual, for derivatives of higher order. The numbers lie in the
// object itself, so it is copied like a double, and libraries may move it around as bytes.
//
// Zeros: a derivative that is exactly zero stays zero through any partial derivative, infinite or
// not, as in the Python library a structural zero does. A dual number that came from a constant, or
// along a direction that does not enter, would otherwise become nan at the end of a domain: 0 *
// inf.
#ifndef BIBUN_DUAL_HPP
#define BIBUN_DUAL_HPP

#include <iosfwd>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace bibun {

/// Eigen's vector of N numbers, over the memory of others; <bibun/eigen.hpp> has it.
template <class T, int N>
struct EigenVector;

/// The N derivatives in a Dual: indexed with [i] or (i), and assigned from and to vectors of that
/// size.
template <class T, int N>
struct Derivatives {
  T entries[N] = {};

  T& operator[](int i) { return entries[i]; }
  const T& operator[](int i) const { return entries[i]; }
  T& operator()(int i) { return entries[i]; }
  const T& operator()(int i) const { return entries[i]; }
  T* begin() { return entries; }
  T* end() { return entries + N; }
  const T* begin() const { return entries; }
  const T* end() const { return entries + N; }
  static constexpr int size() { return N; }

  // As of Eigen's vectors, with <bibun/eigen.hpp>; `vector()` is one, in the memory of this object.
  template <class V = EigenVector<T, N>>
  auto vector() {
    return V::over(entries);
  }
  template <class V = EigenVector<T, N>>
  auto vector() const {
    return V::over(entries);
  }
  template <class V = EigenVector<T, N>>
  auto transpose() const {
    return V::over(entries).transpose();
  }
  template <class V = EigenVector<T, N>>
  T norm() const {
    return V::over(entries).norm();
  }
  template <class V = EigenVector<T, N>>
  T squaredNorm() const {
    return V::over(entries).squaredNorm();
  }
  template <class Vector, class V = EigenVector<T, N>>
  T dot(const Vector& other) const {
    return V::over(entries).dot(other);
  }
  const T& coeff(int i) const { return entries[i]; }
  T& coeffRef(int i) { return entries[i]; }
  Derivatives& setZero() { return *this = Derivatives(); }

  /// Programs for vectors of variable length ask for a length: it has to be N.
  void resize(long long n) const {
    if (n == N) return;
    const std::string given = std::to_string(n), needed = std::to_string(N);
    throw std::length_error("bibun: " + given + " derivatives do not fit into Dual<T, " + needed +
                            ">: its second parameter says how many there are");
  }

  /// Takes a vector of N numbers, such as Eigen::VectorXd::Unit(N, i).
  template <class Vector, class = decltype(std::declval<const Vector&>()(0) + T())>
  Derivatives& operator=(const Vector& v) {
    resize(v.size());
    for (int i = 0; i < N; ++i) entries[i] = v(i);
    return *this;
  }

  /// A vector type of Eigen's kind.
  template <class Vector, class = typename Vector::PlainObject>
  operator Vector() const {
    Vector v(N);
    for (int i = 0; i < N; ++i) v(i) = entries[i];
    return v;
  }
};

template <class T, int N, class Level = void>
class Dual;

template <class X>
struct is_dual : std::false_type {};
template <class T, int N, class Level>
struct is_dual<Dual<T, N, Level>> : std::true_type {};
template <class X>
using if_dual = std::enable_if_t<is_dual<X>::value, int>;

/// A type of numbers that are constants for the Dual D: double, int, and the T of a Dual of Duals.
template <class A, class D>
using if_constant =
    std::enable_if_t<(std::is_arithmetic_v<A> || is_dual<A>::value) && !std::is_same_v<A, D> &&
                         std::is_convertible_v<A, typename D::Value>,
                     int>;

/// A number and its derivatives. `Level` tells apart what belongs to nested derivatives.
template <class T, int N, class Level>
class Dual {
  static_assert(N > 0, "bibun: a Dual has at least one derivative");

 public:
  using Value = T;
  static constexpr int directions = N;

  Dual() = default;  // zero
  template <class A, if_constant<A, Dual> = 0>
  Dual(const A& constant) : value_(static_cast<T>(constant)) {}
  Dual(const T& value, const Derivatives<T, N>& derivatives)
      : value_(value), derivatives_(derivatives) {}
  /// Variable number `index` of `size` == N: derivative 1 in its own direction.
  Dual(const T& value, int size, int index) : value_(value) {
    derivatives_.resize(size);
    derivatives_[index] = T(1);
  }
  template <class Vector, class = decltype(std::declval<const Vector&>()(0) + T()), class = void>
  Dual(const T& value, const Vector& derivatives) : value_(value) {
    derivatives_ = derivatives;
  }

  static Dual variable(const T& value, int index = 0) { return Dual(value, N, index); }

  T& value() { return value_; }
  const T& value() const { return value_; }
  Derivatives<T, N>& derivatives() { return derivatives_; }
  const Derivatives<T, N>& derivatives() const { return derivatives_; }
  const T& derivative(int i = 0) const { return derivatives_[i]; }

  template <class A>
  Dual& operator+=(const A& b) {
    return *this = *this + b;
  }
  template <class A>
  Dual& operator-=(const A& b) {
    return *this = *this - b;
  }
  template <class A>
  Dual& operator*=(const A& b) {
    return *this = *this * b;
  }
  template <class A>
  Dual& operator/=(const A& b) {
    return *this = *this / b;
  }

 private:
  T value_ = T(0);
  Derivatives<T, N> derivatives_;
};

// ------------------------------------------------------------------ products of derivatives

/// slope * d, and zero where d is exactly zero.
template <class T>
T scaled(const T& slope, const T& d) {
  const T product = slope * d;  // before the choice, so that compilers can do several at once
  return d == T(0) ? T(0) : product;
}

/// d / b, and zero where d is exactly zero.
template <class T>
T divided(const T& d, const T& b) {
  const T quotient = d / b;
  return d == T(0) ? T(0) : quotient;
}

/// The chain rule: a function's value and its slope at x.
template <class X>
X chain(const X& x, const typename X::Value& value, const typename X::Value& slope) {
  X y(value);
  for (int i = 0; i < X::directions; ++i) y.derivatives()[i] = scaled(slope, x.derivative(i));
  return y;
}

/// The same for two arguments.
template <class X>
X chain(const X& a, const X& b, const typename X::Value& value, const typename X::Value& slope_a,
        const typename X::Value& slope_b) {
  X y(value);
  for (int i = 0; i < X::directions; ++i) {
    y.derivatives()[i] = scaled(slope_a, a.derivative(i)) + scaled(slope_b, b.derivative(i));
  }
  return y;
}

// ------------------------------------------------------------------ arithmetic

template <class T, int N, class L>
Dual<T, N, L> operator+(const Dual<T, N, L>& x) {
  return x;
}

template <class T, int N, class L>
Dual<T, N, L> operator-(const Dual<T, N, L>& x) {
  Dual<T, N, L> y(T(-x.value()));
  for (int i = 0; i < N; ++i) y.derivatives()[i] = -x.derivative(i);
  return y;
}

template <class T, int N, class L>
Dual<T, N, L> operator+(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  Dual<T, N, L> y(T(a.value() + b.value()));
  for (int i = 0; i < N; ++i) y.derivatives()[i] = a.derivative(i) + b.derivative(i);
  return y;
}

template <class T, int N, class L>
Dual<T, N, L> operator-(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  Dual<T, N, L> y(T(a.value() - b.value()));
  for (int i = 0; i < N; ++i) y.derivatives()[i] = a.derivative(i) - b.derivative(i);
  return y;
}

template <class T, int N, class L>
Dual<T, N, L> operator*(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  return chain(a, b, a.value() * b.value(), b.value(), a.value());
}

/// q = a / b has the derivative (a' - q b') / b. With b * b in it, as textbooks have it, the
/// derivative of 1 / exp(x) would silently become zero long before its value does.
template <class T, int N, class L>
Dual<T, N, L> operator/(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  const T q = a.value() / b.value();
  Dual<T, N, L> y(q);
  for (int i = 0; i < N; ++i) {
    y.derivatives()[i] = divided(T(a.derivative(i) - scaled(q, b.derivative(i))), b.value());
  }
  return y;
}

// With constants, whose derivatives are no numbers at all.

template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator+(const Dual<T, N, L>& a, const A& b) {
  return {T(a.value() + static_cast<T>(b)), a.derivatives()};
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator+(const A& a, const Dual<T, N, L>& b) {
  return b + a;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator-(const Dual<T, N, L>& a, const A& b) {
  return {T(a.value() - static_cast<T>(b)), a.derivatives()};
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator-(const A& a, const Dual<T, N, L>& b) {
  return chain(b, static_cast<T>(a) - b.value(), T(-1));
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator*(const Dual<T, N, L>& a, const A& b) {
  return chain(a, a.value() * static_cast<T>(b), static_cast<T>(b));
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator*(const A& a, const Dual<T, N, L>& b) {
  return b * a;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator/(const Dual<T, N, L>& a, const A& b) {
  Dual<T, N, L> y(T(a.value() / static_cast<T>(b)));
  for (int i = 0; i < N; ++i) y.derivatives()[i] = divided(a.derivative(i), static_cast<T>(b));
  return y;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
Dual<T, N, L> operator/(const A& a, const Dual<T, N, L>& b) {
  return Dual<T, N, L>(a) / b;
}

/// The value alone is printed.
template <class C, class Traits, class T, int N, class L>
std::basic_ostream<C, Traits>& operator<<(std::basic_ostream<C, Traits>& out,
                                          const Dual<T, N, L>& x) {
  return out << x.value();
}

}  // namespace bibun

#include "comparison.hpp"
#include "functions.hpp"

#endif
