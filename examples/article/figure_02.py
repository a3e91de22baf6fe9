"""Figure 2: a layer of our own with an activation of our own, and its gradient on a tape."""

import numpy as np

import bibun
from bibun import nn


class CustomLayer(nn.Layer):
    """Y = activation(X W), without a bias."""

    def __init__(self, units, activation, dtype=None):
        super().__init__(dtype=dtype)
        self.units, self.activation = units, activation

    def build(self, input_shape):
        self.W = self.add_weight("kernel", [int(input_shape[-1]), self.units])

    def call(self, X):
        Z = X @ self.W
        Y = self.activation(Z)
        return Y


def main(dtype=np.float64):
    X = np.array([[-1, 0, 1], [2, 3, 4], [-1, -5, 2]], dtype)
    W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]], dtype)

    layer = CustomLayer(2, np.sin, dtype)
    layer.build(X.shape)
    layer.set_weights([W])

    with bibun.GradientTape() as tape:
        Y = layer(X)
        loss = np.sum(Y**2)
    (dW,) = tape.gradient(loss, layer.trainable_variables)

    print(f"Y =\n{Y}\nloss = {loss}\ndloss/dW =\n{dW}")
    return Y, loss, dW


if __name__ == "__main__":
    main()
