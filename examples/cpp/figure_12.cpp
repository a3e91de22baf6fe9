// Figure 12: gradients with respect to the inputs and the weights together.
#include "layer.hpp"

int main() {
  using Number = bibun::AutoDiffScalar<Eigen::Matrix<double, 15, 1>>;
  const auto x = convert<Number>(the_inputs(), 0, 15);
  const auto w = convert<Number>(the_weights(), 9, 15);
  const Number loss = sum_of_squares(CustomLayer(x, w, sin_activation));
  std::printf("loss\n%.17g\n", loss.value());
  print("dX", gradients(loss, 3, 3));
  print("dW", gradients(loss, 3, 2, 9));
}
