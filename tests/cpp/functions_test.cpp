// Programs of functions of entries, and of what networks are made of.
#include "programs.hpp"

void functions() {
  const Vector x = filled<Vector>(6, 1, 5);
  const auto several = [](const auto& v) {
    return sum(tanh(v)) + sum(sigmoid(v)) + sum(softplus(v)) + sum(log1p(square(v))) +
           sum(sqrt(exp(v))) + sum(atan(v)) + sum(erf(v)) + sum(pow(v, 3)) + sum(log_sigmoid(v));
  };
  agrees("functions", several, x);
  agrees(
      "map",
      [](const auto& v) {
        return sum(map(v, [](const auto& t) { return t > 0 ? sin(t) / (1 + t * t) : exp(t) * t; }));
      },
      x);
  agrees(
      "map of two",
      [](const auto& v) {
        return sum(map(v, cos(v), [](const auto& s, const auto& t) { return s * t / (2 + s); }));
      },
      x);
  agrees("exp in a denominator", [](const auto& v) { return sum(divide(v, exp(v))); }, x);
}

void networks() {
  const Matrix x = filled(3, 4, 6), k = filled(2, 2, 7);
  agrees("logsumexp", [](const auto& v) { return logsumexp(v); }, x);
  agrees("logsumexp of rows", [](const auto& v) { return squared_norm(logsumexp_rows(v)); }, x);
  agrees("softmax", [](const auto& v) { return squared_norm(softmax(v)); }, x);
  agrees("softmax of rows", [](const auto& v) { return squared_norm(softmax_rows(v)); }, x);
  agrees(
      "log_softmax",
      [](const auto& v) { return squared_norm(log_softmax_rows(v)) + log_softmax(v).sum(); }, x);
  agrees("correlate", [&](const auto& v) { return squared_norm(correlate(v, as(v, k))); }, x);
  agrees(
      "correlate's kernel",
      [&](const auto& v) { return squared_norm(sin(correlate(as(v, x), v))); }, k);
  agrees("convolve", [&](const auto& v) { return squared_norm(convolve(v, as(v, k))); }, x);
  agrees(
      "convolve's kernel", [&](const auto& v) { return squared_norm(sin(convolve(as(v, x), v))); },
      k);
}

/// Steps for the gradients 3, 1, -2 of one number beside their formulas, and a matrix of another
/// shape.
void optimizers() {
  using M = Eigen::Matrix<double, 1, 1>;
  const double rate = 0.1, slopes[] = {3, 1, -2};
  M a(1), b(1), c(1);
  const GradientDescent plain{rate};
  Momentum<M> momentum{rate, 0.5};
  Adam<M> adam{rate, 0.8, 0.9, 1e-3};
  double x = 1, y = 1, z = 1, v = 0, mean = 0, square = 0;
  for (int n = 1; n <= 3; ++n) {
    const double g = slopes[n - 1];
    plain.step(a, M(g));
    momentum.step(b, M(g));
    adam.step(c, M(g));
    x -= rate * g;
    v = 0.5 * v - rate * g;
    y += v;
    mean = 0.8 * mean + 0.2 * g;
    square = 0.9 * square + 0.1 * g * g;
    z -= rate * mean / (1 - std::pow(0.8, n)) /
         (std::sqrt(square / (1 - std::pow(0.9, n))) + 1e-3);
    close(a(0), x, 1e-15, "gradient descent");
    close(b(0), y, 1e-15, "momentum");
    close(c(0), z, 1e-14, "Adam");
  }
  Momentum<Eigen::MatrixXf> other;
  Adam<Eigen::MatrixXf> another;
  for (Index n : {1, 2}) {  // each begins anew for another shape
    Eigen::MatrixXf w = Eigen::MatrixXf::Zero(n, 2), u = w;
    const Eigen::MatrixXf g = Eigen::MatrixXf::Ones(n, 2);
    other.step(w, g);
    another.step(u, g);
    close(w(0), -0.01, 1e-8, "momentum's first step");
    close(u(0), -0.001, 1e-8, "Adam's first step");
  }
}

int main() {
  functions();
  networks();
  optimizers();
}
