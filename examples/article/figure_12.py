"""Figure 12: the gradients with respect to X and W together, from one reverse sweep."""

import numpy as np

import bibun


def loss(X, W):
    Y = np.sin(X @ W)
    return np.sum(Y**2)


def main(dtype=np.float64):
    X = np.array([[-1, 0, 1], [2, 3, 4], [-1, -5, 2]], dtype)
    W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]], dtype)
    value, (dX, dW) = bibun.value_and_grad(loss, argnums=(0, 1))(X, W)
    print(f"loss = {value}\ndloss/dX =\n{dX}\ndloss/dW =\n{dW}")
    return value, dX, dW


if __name__ == "__main__":
    main()
