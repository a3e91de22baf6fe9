// Steps along a gradient, in place: gradient descent, momentum, Adam. Each object belongs to one
// parameter, and begins anew if that gets another shape.
#ifndef BIBUN_OPTIMIZERS_HPP
#define BIBUN_OPTIMIZERS_HPP

#include <Eigen/Core>
#include <cmath>

namespace bibun {

/// x -= rate * g.
struct GradientDescent {
  double rate = 0.01;

  template <class M>
  void step(M& x, const M& g) const {
    x -= static_cast<typename M::Scalar>(rate) * g;
  }
};

/// v = momentum * v - rate * g; x += v.
template <class M>
struct Momentum {
  double rate = 0.01, momentum = 0.9;
  M velocity = {};

  void step(M& x, const M& g) {
    using S = typename M::Scalar;
    if (velocity.rows() != x.rows() || velocity.cols() != x.cols() || first) {
      velocity = M::Zero(x.rows(), x.cols());
      first = false;
    }
    velocity = static_cast<S>(momentum) * velocity - static_cast<S>(rate) * g;
    x += velocity;
  }

  bool first = true;
};

/// Adam (Kingma and Ba 2015), algorithm 1.
template <class M>
struct Adam {
  double rate = 0.001, decay = 0.9, square_decay = 0.999, epsilon = 1e-8;
  M mean = {}, square = {};
  long long steps = 0;

  void step(M& x, const M& g) {
    using S = typename M::Scalar;
    if (steps == 0 || mean.rows() != x.rows() || mean.cols() != x.cols()) {
      mean = square = M::Zero(x.rows(), x.cols());
      steps = 0;
    }
    ++steps;
    mean = static_cast<S>(decay) * mean + static_cast<S>(1 - decay) * g;
    square = static_cast<S>(square_decay) * square +
             static_cast<S>(1 - square_decay) * g.cwiseProduct(g);
    const double n = static_cast<double>(steps);
    const S length = static_cast<S>(rate / (1 - std::pow(decay, n)));
    const S scale = static_cast<S>(1 / (1 - std::pow(square_decay, n)));
    const S small = static_cast<S>(epsilon);
    x.array() -= length * mean.array() / ((scale * square.array()).sqrt() + small);
  }
};

}  // namespace bibun

#endif
