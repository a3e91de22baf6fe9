// What Eigen has to know of Dual numbers, and a type that stands in for Eigen's AutoDiffScalar.
#ifndef BIBUN_EIGEN_HPP
#define BIBUN_EIGEN_HPP

#include <Eigen/Core>

#include "dual.hpp"

namespace bibun {

template <class T, int N>
struct EigenVector {
  static auto over(T* entries) { return Eigen::Map<Eigen::Matrix<T, N, 1>>(entries); }
  static auto over(const T* entries) { return Eigen::Map<const Eigen::Matrix<T, N, 1>>(entries); }
};

/// Eigen::AutoDiffScalar<Vector> with as many derivatives as Vector has entries, inside the object.
template <class Vector>
struct FixedDerivatives {
  static_assert(
      Vector::SizeAtCompileTime != Eigen::Dynamic,
      "bibun: say how many derivatives there are: Eigen::Matrix<float, 6, 1>, not VectorXf");
  using Scalar = Dual<typename Vector::Scalar, Vector::SizeAtCompileTime>;
};
template <class Vector>
using AutoDiffScalar = typename FixedDerivatives<Vector>::Scalar;

}  // namespace bibun

namespace Eigen {

template <class T, int N, class L>
struct NumTraits<bibun::Dual<T, N, L>> : NumTraits<T> {
  using Real = bibun::Dual<T, N, L>;
  using NonInteger = Real;
  using Nested = Real;
  using Literal = typename NumTraits<T>::Literal;
  enum {
    IsComplex = 0,
    IsInteger = 0,
    IsSigned = 1,
    RequireInitialization = 1,  // matrices begin with constructed zeros
    ReadCost = (N + 1) * int(NumTraits<T>::ReadCost),
    AddCost = (N + 1) * int(NumTraits<T>::AddCost),
    MulCost = (2 * N + 1) * int(NumTraits<T>::MulCost)
  };
  static Real epsilon() { return NumTraits<T>::epsilon(); }
  static Real dummy_precision() { return NumTraits<T>::dummy_precision(); }
  static Real highest() { return NumTraits<T>::highest(); }
  static Real lowest() { return NumTraits<T>::lowest(); }
  static Real infinity() { return NumTraits<T>::infinity(); }
  static Real quiet_NaN() { return NumTraits<T>::quiet_NaN(); }
};

// Matrices of Duals beside matrices of constants.
template <class T, int N, class L, class Operation>
struct ScalarBinaryOpTraits<bibun::Dual<T, N, L>, T, Operation> {
  using ReturnType = bibun::Dual<T, N, L>;
};
template <class T, int N, class L, class Operation>
struct ScalarBinaryOpTraits<T, bibun::Dual<T, N, L>, Operation> {
  using ReturnType = bibun::Dual<T, N, L>;
};

}  // namespace Eigen

#endif
