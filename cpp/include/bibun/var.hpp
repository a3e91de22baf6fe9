// Var<Matrix>: a matrix on the tape, for reverse mode.
//
// A Var is a handle, a pointer and a number, so `auto` is safe, and so is keeping one as long as its
// frame is open. Operations compute at once; what they record is one entry of the tape
// for a whole matrix.
#ifndef BIBUN_VAR_HPP
#define BIBUN_VAR_HPP

#include <Eigen/Core>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "eigen.hpp"
#include "tape.hpp"

namespace bibun {

using Eigen::Index;

/// A matrix type; vectors of one row have to be row-major.
template <class Scalar, int Rows, int Columns>
using Plain = Eigen::Matrix<Scalar, Rows, Columns,
                            Rows == 1 && Columns != 1 ? Eigen::RowMajor : Eigen::ColMajor>;

/// A matrix on the tape as operations have it, once they know that its frame is open: a pointer.
template <class M>
class Stored {
 public:
  using Matrix = M;
  using Scalar = typename M::Scalar;
  using Map = Eigen::Map<M, Eigen::AlignedMax>;
  using ConstMap = Eigen::Map<const M, Eigen::AlignedMax>;
  static constexpr int Rows = M::RowsAtCompileTime, Columns = M::ColsAtCompileTime;
  static constexpr int RowsAtCompileTime = Rows, ColsAtCompileTime = Columns;

  /// New memory on the tape; a constant has no derivative.
  Stored(Index rows, Index columns, bool constant) : Stored(tape(), rows, columns, constant) {}
  Stored(Tape& own, Index rows, Index columns, bool constant)
      : node_(own.node<Scalar>(rows, columns, constant)) {}

  ConstMap value() const { return ConstMap(data(), rows(), cols()); }
  Map mutable_value() const { return Map(data(), rows(), cols()); }
  Map adjoint() const { return Map(adjoint_data(), rows(), cols()); }
  Scalar* data() const { return node_->value(); }
  Scalar* adjoint_data() const { return node_->adjoint(); }
  bool constant() const { return node_->numbers == nullptr; }

  Index rows() const { return Rows == Eigen::Dynamic ? node_->rows : Rows; }
  Index cols() const { return Columns == Eigen::Dynamic ? node_->columns : Columns; }
  Index size() const { return rows() * cols(); }

  /// The number of a 1 x 1 matrix.
  const Scalar& item() const {
    if (size() != 1) throw std::invalid_argument("bibun: item() is for matrices of one number");
    return *data();
  }

 protected:
  Node<Scalar>* node_;
};

/// A matrix on the tape as users have it.
template <class M>
class Var : public Stored<M> {
 public:
  using typename Stored<M>::Scalar;

  Var(Index rows, Index columns, bool constant) : Var(tape(), rows, columns, constant) {}
  Var(Tape& own, Index rows, Index columns, bool constant)
      : Stored<M>(own, rows, columns, constant), frame_(own.frame) {
    if (frame_ == 0) {
      throw std::logic_error(
          "bibun: a Var is made inside of value_and_grad, or beside a GradientTape");
    }
  }
  Var(const Stored<M>& stored, std::uint64_t frame) : Stored<M>(stored), frame_(frame) {}

  std::uint64_t frame() const { return frame_; }

  /// Whether this is known to be the exponential of something, and what of: see operator/.
  bool is_exponential() const { return this->node_->exponent != nullptr; }
  Var exponent() const {
    Var x = *this;
    x.node_ = this->node_->exponent;
    return x;
  }
  void remember_exponent(const Var& x) { this->node_->exponent = x.node_; }

  // In Eigen's words, so that one template can take both.
  Var eval() const { return *this; }
  auto transpose() const;
  auto sum() const;
  auto mean() const;
  auto norm() const;
  auto squaredNorm() const;
  auto trace() const;
  auto diagonal() const;
  auto row(Index i) const;
  auto col(Index j) const;
  auto block(Index i, Index j, Index rows, Index columns) const;
  auto head(Index n) const;
  auto tail(Index n) const;
  auto segment(Index start, Index n) const;
  auto operator()(Index i, Index j) const;
  auto operator()(Index i) const;
  template <class B>
  auto dot(const B& b) const;
  template <class B>
  auto cwiseProduct(const B& b) const;
  template <class B>
  auto cwiseQuotient(const B& b) const;

 private:
  std::uint64_t frame_;  // not in the node, whose memory is somebody else's when the frame has ended
};

// ------------------------------------------------------------------ what is a Var, a matrix, a
// number

template <class X>
struct is_var : std::false_type {};
template <class M>
struct is_var<Var<M>> : std::true_type {};

template <class X>
struct is_matrix : std::is_base_of<Eigen::MatrixBase<X>, X> {};

template <class X>
struct is_number : std::bool_constant<std::is_arithmetic_v<X> || is_dual<X>::value> {};

template <class X>
using if_var = std::enable_if_t<is_var<X>::value, int>;
template <class X>
using if_matrix = std::enable_if_t<is_matrix<X>::value, int>;
template <class X>
using if_var_or_matrix = std::enable_if_t<is_var<X>::value || is_matrix<X>::value, int>;
/// At least one Var, and beside it a Var, a matrix or a number.
template <class A, class B>
using if_any_var =
    std::enable_if_t<(is_var<A>::value &&
                      (is_var<B>::value || is_matrix<B>::value || is_number<B>::value)) ||
                         (is_var<B>::value && (is_matrix<A>::value || is_number<A>::value)),
                     int>;

template <class X, class = void>
struct scalar_of {
  using type = X;
};
template <class X>
struct scalar_of<X, std::void_t<typename X::Scalar>> {
  using type = typename X::Scalar;
};

/// The scalar of the Vars among two operands.
template <class A, class B>
using VarScalar = typename scalar_of<std::conditional_t<is_var<A>::value, A, B>>::type;

// ------------------------------------------------------------------ making Vars

/// A variable with the value of a matrix.
template <class M>
Var<M> variable(const M& value) {
  Var<M> x(value.rows(), value.cols(), false);
  x.mutable_value() = value;
  return x;
}

/// A constant on the tape, a copy: the matrix that it comes from need not live on.
template <class S, class D>
auto constant(const Eigen::MatrixBase<D>& value) {
  Var<Plain<S, D::RowsAtCompileTime, D::ColsAtCompileTime>> x(value.rows(), value.cols(), true);
  x.mutable_value() = value.template cast<S>();
  return x;
}
template <class S, class A, std::enable_if_t<is_number<A>::value, int> = 0>
auto constant(const A& value) {
  Var<Plain<S, 1, 1>> x(1, 1, true);
  x.data()[0] = S(value);
  return x;
}

/// An operand as a Var that belongs to the frame that is open now.
template <class S, class X>
auto lift(const X& x) {
  if constexpr (is_var<X>::value) {
    if (x.frame() != tape().frame) {
      throw std::logic_error(
          "bibun: this Var belongs to another gradient, an outer one or one that has ended. For "
          "derivatives of derivatives there are hessian and hessian_vector; x.value() is a "
          "constant");
    }
    static_assert(std::is_same_v<S, typename X::Scalar>, "bibun: Vars of different scalars");
    return Stored<typename X::Matrix>(x);
  } else {
    using M = typename decltype(constant<S>(x))::Matrix;
    return Stored<M>(constant<S>(x));
  }
}
template <class M>
Stored<M> attached(const Var<M>& x) {
  return lift<typename M::Scalar>(x);
}

// ------------------------------------------------------------------ recording

template <class T>
bool is_finite(const T& x) {
  return std::isfinite(x);
}
template <class T, int N, class L>
bool is_finite(const Dual<T, N, L>& x) {
  bool finite = is_finite(x.value());
  for (int i = 0; i < N; ++i) finite = finite && is_finite(x.derivative(i));
  return finite;
}
template <class T>
[[gnu::noinline, gnu::cold]] bool all_finite(const T* numbers, Index n) {
  for (Index i = 0; i < n; ++i) {
    if (!is_finite(numbers[i])) return false;
  }
  return true;
}

/// Record how a result's derivative goes back to arguments; constants among them get none.
template <class M, class Pull, class... A>
[[gnu::always_inline]] inline Var<M> record(const char* name, const Stored<M>& result, Pull pull,
                                            const Stored<A>&... arguments) {
  Tape& own = tape();
  if (own.check_finite && !all_finite(result.data(), result.size())) throw NotFinite("value", name);
  own.record(name, std::move(pull), [arguments...] {
    return ((arguments.constant() || all_finite(arguments.adjoint_data(), arguments.size())) &&
            ...);
  });
  return Var<M>(result, own.frame);
}

/// The shapes as an error message shows them.
template <class A, class B>
std::invalid_argument do_not_fit(const char* name, const A& a, const B& b) {
  auto shape = [](const auto& x) {
    return std::to_string(x.rows()) + " x " + std::to_string(x.cols());
  };
  return std::invalid_argument(std::string("bibun: ") + name + ": " + shape(a) + " and " +
                               shape(b) + " do not fit");
}

}  // namespace bibun

#endif
