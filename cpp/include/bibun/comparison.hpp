// Comparisons of dual numbers.
//
// Order goes by the value. Two Duals are equal if their derivatives are, too: linear algebra skips
// what equals Scalar(0), and a value that is zero may well have derivatives. To ask about the value
// alone, compare with a plain number: x == 0.0.
#ifndef BIBUN_COMPARISON_HPP
#define BIBUN_COMPARISON_HPP

#include "dual.hpp"

namespace bibun {

template <class T, int N, class L>
bool operator==(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  bool same = a.value() == b.value();
  for (int i = 0; i < N; ++i) same = same && a.derivative(i) == b.derivative(i);
  return same;
}
template <class T, int N, class L>
bool operator!=(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  return !(a == b);
}
template <class T, int N, class L>
bool operator<(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  return a.value() < b.value();
}
template <class T, int N, class L>
bool operator>(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  return a.value() > b.value();
}
template <class T, int N, class L>
bool operator<=(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  return a.value() <= b.value();
}
template <class T, int N, class L>
bool operator>=(const Dual<T, N, L>& a, const Dual<T, N, L>& b) {
  return a.value() >= b.value();
}

template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator==(const Dual<T, N, L>& a, const A& b) {
  return a.value() == b;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator!=(const Dual<T, N, L>& a, const A& b) {
  return a.value() != b;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator<(const Dual<T, N, L>& a, const A& b) {
  return a.value() < b;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator>(const Dual<T, N, L>& a, const A& b) {
  return a.value() > b;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator<=(const Dual<T, N, L>& a, const A& b) {
  return a.value() <= b;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator>=(const Dual<T, N, L>& a, const A& b) {
  return a.value() >= b;
}

template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator==(const A& a, const Dual<T, N, L>& b) {
  return b == a;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator!=(const A& a, const Dual<T, N, L>& b) {
  return b != a;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator<(const A& a, const Dual<T, N, L>& b) {
  return b > a;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator>(const A& a, const Dual<T, N, L>& b) {
  return b < a;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator<=(const A& a, const Dual<T, N, L>& b) {
  return b >= a;
}
template <class T, int N, class L, class A, if_constant<A, Dual<T, N, L>> = 0>
bool operator>=(const A& a, const Dual<T, N, L>& b) {
  return b <= a;
}

/// The number without derivatives of any order.
template <class A, std::enable_if_t<std::is_arithmetic_v<A>, int> = 0>
A number(A x) {
  return x;
}
template <class T, int N, class L>
auto number(const Dual<T, N, L>& x) {
  return number(x.value());
}

}  // namespace bibun

#endif
