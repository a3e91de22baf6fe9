// Sums, products and quotients of matrices on the tape, with broadcasting where it is asked for.
//
// The operators are Eigen's: * is the matrix product, + and - need one shape, numbers scale. The
// functions add, subtract, multiply and divide work entry by entry, and repeat rows, columns and
// single numbers as NumPy does.
#ifndef BIBUN_ARITHMETIC_HPP
#define BIBUN_ARITHMETIC_HPP

#include "map.hpp"

namespace bibun {

// Each rule: the value for two entries, and what a derivative g of the result sends to each.
struct Addition {
  static constexpr const char* name = "add";
  template <class S>
  static S value(const S& a, const S& b) {
    return a + b;
  }
  template <class S>
  static S first(const S& g, const S&, const S&, const S&) {
    return g;
  }
  template <class S>
  static S second(const S& g, const S&, const S&, const S&) {
    return g;
  }
};
struct Subtraction {
  static constexpr const char* name = "subtract";
  template <class S>
  static S value(const S& a, const S& b) {
    return a - b;
  }
  template <class S>
  static S first(const S& g, const S&, const S&, const S&) {
    return g;
  }
  template <class S>
  static S second(const S& g, const S&, const S&, const S&) {
    return -g;
  }
};
struct Multiplication {
  static constexpr const char* name = "multiply";
  template <class S>
  static S value(const S& a, const S& b) {
    return a * b;
  }
  template <class S>
  static S first(const S& g, const S&, const S& b, const S&) {
    return scaled(b, g);
  }
  template <class S>
  static S second(const S& g, const S& a, const S&, const S&) {
    return scaled(a, g);
  }
};
struct Division {
  static constexpr const char* name = "divide";
  template <class S>
  static S value(const S& a, const S& b) {
    return a / b;
  }
  template <class S>
  static S first(const S& g, const S&, const S& b, const S&) {
    return divided(g, b);
  }
  // Not g a / (b b), whose square overflows.
  template <class S>
  static S second(const S& g, const S&, const S& b, const S& y) {
    return -scaled(y, divided(g, b));
  }
};

/// The length of an axis that comes from axes of length a and b, as far as they are known.
constexpr int together(int a, int b) {
  return a == 1 ? b : b == 1 ? a : a == Eigen::Dynamic ? b : a;
}
/// The type of a result of two operands.
template <class A, class B>
using Together = std::conditional_t<
    std::is_same_v<A, B>, A,
    Plain<typename A::Scalar, together(A::RowsAtCompileTime, B::RowsAtCompileTime),
          together(A::ColsAtCompileTime, B::ColsAtCompileTime)>>;

template <class A, class B>
void must_broadcast(const char* name, const A& a, const B& b) {
  const bool rows = a.rows() == b.rows() || a.rows() == 1 || b.rows() == 1;
  const bool columns = a.cols() == b.cols() || a.cols() == 1 || b.cols() == 1;
  if (!rows || !columns) throw do_not_fit(name, a, b);
}
inline Index broadcast_length(Index a, Index b) { return a == 1 ? b : a; }

/// Calls visit(place, place of a, place of b) for all entries; a place is a row and a column.
template <class A, class B, class Visit>
void for_each_pair(const A& a, const B& b, Visit visit) {
  const Index rows = broadcast_length(a.rows(), b.rows());
  const Index columns = broadcast_length(a.cols(), b.cols());
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) {
      visit(i, j, a.rows() == 1 ? 0 : i, a.cols() == 1 ? 0 : j, b.rows() == 1 ? 0 : i,
            b.cols() == 1 ? 0 : j);
    }
  }
}

/// Entry by entry, for two matrices that lie in memory alike.
template <class Rule, class M>
Var<M> aligned(Stored<M> a, Stored<M> b) {
  const Stored<M> y(a.rows(), a.cols(), false);
  for (Index i = 0; i < y.size(); ++i) y.data()[i] = Rule::value(a.data()[i], b.data()[i]);
  auto pull = [a, b, y] {
    const auto *p = a.data(), *q = b.data(), *r = y.data(), *g = y.adjoint_data();
    if (auto* __restrict d = a.adjoint_data()) {
      for (Index i = 0; i < y.size(); ++i) d[i] += Rule::first(g[i], p[i], q[i], r[i]);
    }
    if (auto* __restrict d = b.adjoint_data()) {
      for (Index i = 0; i < y.size(); ++i) d[i] += Rule::second(g[i], p[i], q[i], r[i]);
    }
  };
  return record(Rule::name, y, pull, a, b);
}

template <class Rule, class A, class B>
auto elementwise(Stored<A> a, Stored<B> b) {
  if constexpr (std::is_same_v<A, B>) {
    if (a.rows() == b.rows() && a.cols() == b.cols()) return aligned<Rule>(a, b);
  }
  must_broadcast(Rule::name, a, b);
  const Stored<Together<A, B>> y(broadcast_length(a.rows(), b.rows()),
                                 broadcast_length(a.cols(), b.cols()), false);
  for_each_pair(a, b, [&](Index i, Index j, Index k, Index l, Index m, Index n) {
    y.mutable_value()(i, j) = Rule::value(a.value()(k, l), b.value()(m, n));
  });
  auto pull = [a, b, y] {
    for_each_pair(a, b, [&](Index i, Index j, Index k, Index l, Index m, Index n) {
      const auto &p = a.value()(k, l), &q = b.value()(m, n), &r = y.value()(i, j);
      const auto& g = y.adjoint()(i, j);
      if (!a.constant()) a.adjoint()(k, l) += Rule::first(g, p, q, r);
      if (!b.constant()) b.adjoint()(m, n) += Rule::second(g, p, q, r);
    });
  };
  return record(Rule::name, y, pull, a, b);
}

/// The same for matrices without a tape.
template <class Rule, class A, class B>
auto plain_elementwise(const A& a, const B& b) {
  must_broadcast(Rule::name, a, b);
  using Entry = std::decay_t<decltype(Rule::value(a(0, 0), b(0, 0)))>;
  Plain<Entry, together(A::RowsAtCompileTime, B::RowsAtCompileTime),
        together(A::ColsAtCompileTime, B::ColsAtCompileTime)>
      y(broadcast_length(a.rows(), b.rows()), broadcast_length(a.cols(), b.cols()));
  for_each_pair(a, b, [&](Index i, Index j, Index k, Index l, Index m, Index n) {
    y(i, j) = Rule::value(Entry(a(k, l)), Entry(b(m, n)));
  });
  return y;
}

template <class Rule, class A, class B>
auto any_elementwise(const A& a, const B& b) {
  if constexpr (is_var<A>::value || is_var<B>::value) {
    using S = VarScalar<A, B>;
    return elementwise<Rule>(lift<S>(a), lift<S>(b));
  } else {
    return plain_elementwise<Rule>(a.derived().eval(), b.derived().eval());
  }
}

/// Both are Vars or matrices, or one is a Var and the other a number.
template <class A, class B>
using if_operands =
    std::enable_if_t<(is_matrix<A>::value && is_matrix<B>::value) ||
                         (is_var<A>::value &&
                          (is_var<B>::value || is_matrix<B>::value || is_number<B>::value)) ||
                         (is_var<B>::value && (is_matrix<A>::value || is_number<A>::value)),
                     int>;

template <class A, class B, if_operands<A, B> = 0>
auto add(const A& a, const B& b) {
  return any_elementwise<Addition>(a, b);
}
template <class A, class B, if_operands<A, B> = 0>
auto subtract(const A& a, const B& b) {
  return any_elementwise<Subtraction>(a, b);
}
template <class A, class B, if_operands<A, B> = 0>
auto multiply(const A& a, const B& b) {
  return any_elementwise<Multiplication>(a, b);
}
template <class A, class B, if_operands<A, B> = 0>
auto divide(const A& a, const B& b) {
  if constexpr (is_var<B>::value) {
    if (b.is_exponential()) {
      return any_elementwise<Multiplication>(a,
                                             exp(any_elementwise<Subtraction>(0.0, b.exponent())));
    }
  }
  return any_elementwise<Division>(a, b);
}

// ------------------------------------------------------------------ operators

/// Whether it is one number already by its type.
template <class X>
constexpr bool is_single() {
  if constexpr (is_number<X>::value) {
    return true;
  } else {
    return X::RowsAtCompileTime == 1 && X::ColsAtCompileTime == 1;
  }
}
template <class X>
constexpr bool is_single_v = is_single<X>();

template <class A, class B>
void must_be_alike(const char* name, const A& a, const B& b) {
  if constexpr (!is_single_v<A> && !is_single_v<B>) {
    if (a.rows() != b.rows() || a.cols() != b.cols()) throw do_not_fit(name, a, b);
  }
}

/// Whether a product has few terms, of which the compiler knows how many.
template <class A, class B>
constexpr bool has_few_terms_v =
    A::SizeAtCompileTime != Eigen::Dynamic && B::SizeAtCompileTime != Eigen::Dynamic &&
    A::RowsAtCompileTime + A::ColsAtCompileTime + B::ColsAtCompileTime < 20;

/// c += a b, number by number: Eigen would read pairs whose halves others wrote apart, which waits
/// until both have reached the cache.
template <class C, class A, class B>
void add_product(C c, const A& a, const B& b) {
  constexpr int rows = A::RowsAtCompileTime, columns = B::ColsAtCompileTime;
  typename C::Scalar found[rows * columns];  // all is read before anything is written
  for (int j = 0; j < columns; ++j) {
    for (int i = 0; i < rows; ++i) {
      typename C::Scalar total = c(i, j);
      for (int k = 0; k < A::ColsAtCompileTime; ++k) total += a(i, k) * b(k, j);
      found[i + j * rows] = total;
    }
  }
  for (int j = 0; j < columns; ++j) {
    for (int i = 0; i < rows; ++i) c(i, j) = found[i + j * rows];
  }
}

/// c = a b, or c += a b. As long as there are few terms, loops are over before Eigen's have found
/// out which way they are to go.
template <bool Add, class C, class A, class B>
void multiply_into(C c, const A& a, const B& b) {
  constexpr Index few = 32;
  if constexpr (Add && has_few_terms_v<A, B>) {
    add_product(c, a, b);
  } else if (!has_few_terms_v<A, B> && c.size() * a.cols() <= few) {
    for (Index j = 0; j < c.cols(); ++j) {
      for (Index i = 0; i < c.rows(); ++i) {
        typename C::Scalar total(0);
        for (Index k = 0; k < a.cols(); ++k) total += a(i, k) * b(k, j);
        if constexpr (Add) total += c(i, j);
        c(i, j) = total;
      }
    }
  } else if constexpr (Add) {
    c.noalias() += a * b;
  } else {
    c.noalias() = a * b;
  }
}

/// y = a b, with the derivatives g b^T for a and a^T g for b.
template <class A, class B>
auto product(Stored<A> a, Stored<B> b) {
  using S = typename A::Scalar;
  if (a.cols() != b.rows()) throw do_not_fit("product", a, b);
  const Stored<Plain<S, A::RowsAtCompileTime, B::ColsAtCompileTime>> y(a.rows(), b.cols(), false);
  multiply_into<false>(y.mutable_value(), a.value(), b.value());
  auto pull = [a, b, y] {
    if (!a.constant()) multiply_into<true>(a.adjoint(), y.adjoint(), b.value().transpose());
    if (!b.constant()) multiply_into<true>(b.adjoint(), a.value().transpose(), y.adjoint());
  };
  return record("product", y, pull, a, b);
}

template <class A, class B, if_any_var<A, B> = 0>
auto operator*(const A& a, const B& b) {
  using S = VarScalar<A, B>;
  if constexpr (is_single_v<A> || is_single_v<B>) {
    return multiply(a, b);
  } else {
    return product(lift<S>(a), lift<S>(b));
  }
}
template <class A, class B, if_any_var<A, B> = 0>
auto operator+(const A& a, const B& b) {
  must_be_alike("+", a, b);
  return add(a, b);
}
template <class A, class B, if_any_var<A, B> = 0>
auto operator-(const A& a, const B& b) {
  must_be_alike("-", a, b);
  return subtract(a, b);
}
template <class A, class B, if_any_var<A, B> = 0>
auto operator/(const A& a, const B& b) {
  static_assert(is_single_v<A> || is_single_v<B>,
                "bibun: / is for numbers; bibun::divide(a, b) works entry by entry");
  return divide(a, b);
}
template <class M>
Var<M> operator-(const Var<M>& x) {
  return subtract(0.0, x);
}
template <class M>
Var<M> operator+(const Var<M>& x) {
  return x;
}

template <class M, class B, if_any_var<Var<M>, B> = 0>
Var<M>& operator+=(Var<M>& a, const B& b) {
  return a = a + b;
}
template <class M, class B, if_any_var<Var<M>, B> = 0>
Var<M>& operator-=(Var<M>& a, const B& b) {
  return a = a - b;
}
template <class M, class B, if_any_var<Var<M>, B> = 0>
Var<M>& operator*=(Var<M>& a, const B& b) {
  return a = a * b;
}
template <class M, class B, if_any_var<Var<M>, B> = 0>
Var<M>& operator/=(Var<M>& a, const B& b) {
  return a = a / b;
}

}  // namespace bibun

#endif
