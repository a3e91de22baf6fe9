"""The same as calibrate.cpp, in Python: lengths of an arm and zeros of its joints."""

import numpy as np
from model import residual

import bibun


def main():
    """Gauss-Newton; the costs on the way, and the parameters."""
    i, j = np.arange(20.0)[:, None], np.arange(3.0)
    angles = np.sin(1 + 2 * i + 3 * j)
    arm = np.array([0.7, 0.5, 0.25, 0.05, -0.1, 0.02])
    exact = residual(arm, angles, np.zeros((20, 2))).reshape(20, 2)
    seen = exact + 1e-3 * np.cos(5 * np.arange(40.0)).reshape(20, 2)

    params, costs = np.array([1, 0.5, 0.5, 0, 0, 0]), []
    for _ in range(8):
        r = residual(params, angles, seen)
        costs.append(r @ r)
        jacobian = bibun.jacobian(residual)(params, angles, seen)
        params = params - np.linalg.lstsq(jacobian, r)[0]
    print(*costs, sep="\n")
    print(params)
    return costs, params


if __name__ == "__main__":
    main()
