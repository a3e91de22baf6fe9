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

int main() {
  functions();
  networks();
}
