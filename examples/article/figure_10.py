"""Figure 10: one function for numbers and for derivatives: the sigmoid at 2 in forward mode."""

import numpy as np

import bibun


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def main(dtype=np.float64):
    x = dtype(2)
    value, derivative = bibun.jvp(sigmoid, (x,), (dtype(1),))
    print(f"sigmoid(2) = {value}, sigmoid'(2) = {derivative}; of a plain number {sigmoid(x)}")
    return value, derivative


if __name__ == "__main__":
    main()
