"""The end of the article: symbolic and numerical differentiation, side by side with ours."""

import numpy as np

import bibun

X = np.array([[-1.0, 0, 1], [2, 3, 4], [-1, -5, 2]])
W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tiny(x):
    return 1 / np.exp(x)


def cancelling(x):
    return (1 - np.cos(x)) / x**2


def loss(W):
    return np.sum(np.sin(X @ W) ** 2)


def main():
    tables = {}
    for f, x in ((sigmoid, 2.0), (tiny, np.float32(100)), (cancelling, 1e-4), (loss, W)):
        tables[f.__name__] = bibun.compare(f, x)
        print(f"{f.__name__}:\n{tables[f.__name__]}\n")
    return tables


if __name__ == "__main__":
    main()
