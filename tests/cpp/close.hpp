// What the tests of the headers share: comparisons that say what differs, and differences as a
// reference.
#ifndef BIBUN_TESTS_CLOSE_HPP
#define BIBUN_TESTS_CLOSE_HPP

#include <cmath>
#include <cstdio>
#include <cstdlib>

/// |a - b| <= tolerance * (1 + |b|), or the same infinity, or both nan.
inline void close(long double a, long double b, double tolerance, const char* what) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return;
  if (std::fabs(a - b) <= static_cast<long double>(tolerance) * (1 + std::fabs(b))) return;
  std::fprintf(stderr, "%s: %.20Lg, and it should be %.20Lg\n", what, a, b);
  std::exit(1);
}

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

template <class Error, class F>
void throws(F f, const char* what) {
  try {
    f();
  } catch (const Error&) {
    return;
  }
  std::fprintf(stderr, "no error: %s\n", what);
  std::exit(1);
}

/// The derivative of a function of one number, by differences of order 6 in long double: their
/// error is some h^6 / 140 of a derivative of order 7, and 1e-19 / h of rounding, which is below
/// 1e-14 for this h.
template <class F>
long double difference(F f, long double x, long double h = 1e-3L) {
  const long double one = f(x + h) - f(x - h), two = f(x + 2 * h) - f(x - 2 * h);
  const long double three = f(x + 3 * h) - f(x - 3 * h);
  return (45 * one - 9 * two + three) / (60 * h);
}

#endif
