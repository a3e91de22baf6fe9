// A pole is balanced on a cart, of which a camera sees two points. An extended Kalman filter
// estimates the state, and model predictive control finds the force: one step of iterative LQR from
// the plan before, at each time. All derivatives are exported from model.py.
#include <Eigen/Cholesky>
#include <cmath>
#include <cstdio>
#include <moved.hpp>
#include <moved_jacobian.hpp>
#include <seen.hpp>
#include <seen_jacobian.hpp>

constexpr int kTimes = 60, kHorizon = 15;

using State = Eigen::Vector4d;
using Square = Eigen::Matrix<double, 4, 4, Eigen::RowMajor>;
using Seen = Eigen::Vector3d;

State moved(const State& x, double u) {
  State y;
  bibun_generated::moved(x.data(), &u, y.data());
  return y;
}

// Weights: of the state, of the force; what the filter takes for noise.
const Square kQ = State(1, 10, 0.1, 0.1).asDiagonal();
const double kR = 0.1;
const Square kMotion = 1e-4 * Square::Identity();
const Eigen::Matrix3d kCamera = 1e-4 * Eigen::Matrix3d::Identity();

/// The forces of the next times. `improve` is a sweep of Riccati's equation around the present ones.
struct Plan {
  double u[kHorizon] = {};

  void improve(const State& start) {
    State x[kHorizon + 1] = {start};
    for (int k = 0; k < kHorizon; ++k) x[k + 1] = moved(x[k], u[k]);
    Eigen::RowVector4d gain[kHorizon];
    double change[kHorizon];
    Square p = kQ;
    State q = kQ * x[kHorizon];
    for (int k = kHorizon; k-- > 0;) {
      Square a;
      State b;
      bibun_generated::moved_jacobian(x[k].data(), &u[k], a.data(), b.data());
      const double h = kR + b.dot(p * b);
      gain[k] = -(b.transpose() * p * a) / h;
      change[k] = -(kR * u[k] + b.dot(q)) / h;
      q = (kQ * x[k] + a.transpose() * q + gain[k].transpose() * (kR * u[k] + b.dot(q))).eval();
      p = (kQ + a.transpose() * p * (a + b * gain[k])).eval();
    }
    State y = start;
    for (int k = 0; k < kHorizon; ++k) {
      u[k] += change[k] + gain[k].dot(y - x[k]);
      y = moved(y, u[k]);
    }
  }

  /// The first force; the others move up.
  double next() {
    const double first = u[0];
    for (int k = 0; k + 1 < kHorizon; ++k) u[k] = u[k + 1];
    return first;
  }
};

/// An extended Kalman filter: the estimate, and its covariance.
struct Filter {
  State x = State::Zero();
  Square p = 0.1 * Square::Identity();

  void predict(double u) {
    Square a;
    State b;
    bibun_generated::moved_jacobian(x.data(), &u, a.data(), b.data());
    x = moved(x, u);
    p = (a * p * a.transpose() + kMotion).eval();
  }

  void correct(const Seen& y) {
    Seen expected;
    Eigen::Matrix<double, 3, 4, Eigen::RowMajor> c;
    bibun_generated::seen(x.data(), expected.data());
    bibun_generated::seen_jacobian(x.data(), c.data());
    const Eigen::Matrix3d s = c * p * c.transpose() + kCamera;
    const Eigen::Matrix<double, 4, 3> gain = s.ldlt().solve(c * p).transpose();
    x += gain * (y - expected);
    p = (p - gain * c * p).eval();
  }
};

int main() {
  State x(0, 0.4, 0, 0);  // the pole leans, and the filter does not know yet
  Plan plan;
  Filter filter;
  for (int t = 0; t < kTimes; ++t) {
    Seen y;
    bibun_generated::seen(x.data(), y.data());
    for (int i = 0; i < 3; ++i) y(i) += 0.002 * std::sin(12.9 * t + 78.2 * i);  // the camera's noise
    filter.correct(y);
    plan.improve(filter.x);
    const double u = plan.next();
    std::printf("%.17g %.17g %.17g\n", x(0), x(1), u);
    x = moved(x, u);
    filter.predict(u);
  }
}
