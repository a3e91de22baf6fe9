// Figure 10: a template function on a forward-mode number: the value and the derivative of sigmoid
// at 2.
#include <bibun/dual.hpp>
#include <cmath>
#include <cstdio>

template <typename T>
T sigmoid(const T& x) {
  using std::exp;
  return 1 / (1 + exp(-x));
}

int main() {
  const auto y = sigmoid(bibun::Dual<double, 1>::variable(2.0));
  std::printf("%.17g %.17g\n", y.value(), y.derivative());
}
