// Figure 11: the gradient of the layer's loss with respect to its weights.
#include "layer.hpp"

int main() {
  using Number = bibun::AutoDiffScalar<Eigen::Matrix<double, 6, 1>>;
  const auto x = convert<Number>(the_inputs());
  const auto w = convert<Number>(the_weights(), 0, 6);
  const Tensor2<Number> y = CustomLayer(x, w, sin_activation);
  const Number loss = sum_of_squares(y);
  std::printf("loss\n%.17g\n", loss.value());
  print("dW", gradients(loss, 3, 2));
}
