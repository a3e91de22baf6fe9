// The methods of Var that are called as Eigen's: x.transpose(), x.norm(), x(i, j).
#ifndef BIBUN_METHODS_HPP
#define BIBUN_METHODS_HPP

#include "shaping.hpp"

namespace bibun {

template <class M>
auto Var<M>::transpose() const {
  return bibun::transpose(*this);
}
template <class M>
auto Var<M>::sum() const {
  return bibun::sum(*this);
}
template <class M>
auto Var<M>::mean() const {
  return bibun::mean(*this);
}
template <class M>
auto Var<M>::norm() const {
  return bibun::norm(*this);
}
template <class M>
auto Var<M>::squaredNorm() const {
  return bibun::squared_norm(*this);
}
template <class M>
auto Var<M>::trace() const {
  return bibun::trace(*this);
}
template <class M>
auto Var<M>::diagonal() const {
  return bibun::diagonal(*this);
}
template <class M>
auto Var<M>::row(Index i) const {
  return bibun::row(*this, i);
}
template <class M>
auto Var<M>::col(Index j) const {
  return bibun::column(*this, j);
}
template <class M>
auto Var<M>::block(Index i, Index j, Index rows, Index columns) const {
  return bibun::block(*this, i, j, rows, columns);
}
template <class M>
auto Var<M>::head(Index n) const {
  return bibun::segment(*this, 0, n);
}
template <class M>
auto Var<M>::tail(Index n) const {
  return bibun::segment(*this, this->size() - n, n);
}
template <class M>
auto Var<M>::segment(Index start, Index n) const {
  return bibun::segment(*this, start, n);
}
template <class M>
auto Var<M>::operator()(Index i, Index j) const {
  return bibun::entry(*this, i, j);
}
template <class M>
auto Var<M>::operator()(Index i) const {
  static_assert(M::IsVectorAtCompileTime, "bibun: a matrix needs two indices: x(i, j)");
  return M::ColsAtCompileTime == 1 ? bibun::entry(*this, i, 0) : bibun::entry(*this, 0, i);
}
template <class M>
template <class B>
auto Var<M>::dot(const B& b) const {
  return bibun::dot(*this, b);
}
template <class M>
template <class B>
auto Var<M>::cwiseProduct(const B& b) const {
  return bibun::multiply(*this, b);
}
template <class M>
template <class B>
auto Var<M>::cwiseQuotient(const B& b) const {
  return bibun::divide(*this, b);
}

}  // namespace bibun

#endif
