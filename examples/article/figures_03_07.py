"""Figures 3 to 7: the loss as a graph, the chain rule back to W, its parts, and the formula.

Nothing here is written by hand: the text is made from what ran.
"""

import numpy as np
from figure_02 import CustomLayer

from bibun.draw import derivation

X = np.array([[-1.0, 0, 1], [2, 3, 4], [-1, -5, 2]])
W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])


def main():
    layer = CustomLayer(2, np.sin)

    def loss():
        Y = layer(X)
        return np.sum(Y**2)

    loss()  # now the layer has weights
    of_layer = derivation(loss, wrt={"W": layer.W})
    print(of_layer)

    def dense(X, W, b):
        Z = X @ W + b
        Y = np.tanh(Z)
        return np.mean(Y)

    of_dense = derivation(dense, X, W, np.zeros(2), wrt=("W", "b"))
    print("\nThe same for a layer with a bias:\n")
    print(of_dense)
    return of_layer, of_dense


if __name__ == "__main__":
    main()
