"""The same as balance.cpp, in Python: an extended Kalman filter, and model predictive control."""

import numpy as np
from model import moved, seen

import bibun

TIMES, HORIZON = 60, 15
Q, R = np.diag([1, 10, 0.1, 0.1]), 0.1
MOTION, CAMERA = 1e-4 * np.eye(4), 1e-4 * np.eye(3)

move, look = bibun.jit(moved), bibun.jit(seen)
slopes = bibun.jit(bibun.jacobian(moved, (0, 1)))
slope = bibun.jit(bibun.jacobian(seen))


def improved(u, start):
    """A sweep of Riccati's equation around the present forces."""
    xs = [start]
    for v in u:
        xs.append(move(xs[-1], v))
    p, q, gains, changes = Q, Q @ xs[-1], [], []
    for x, v in zip(xs[-2::-1], u[::-1], strict=True):
        a, b = slopes(x, v)
        h = R + b.T @ p @ b
        along = R * v + b.T @ q
        gain, change = -(b.T @ p @ a) / h, -along / h[0]
        q = Q @ x + a.T @ q + gain.T @ along
        p = Q + a.T @ p @ (a + b @ gain)
        gains.insert(0, gain)
        changes.insert(0, change)
    new, y = [], start
    for x, v, gain, change in zip(xs, u, gains, changes, strict=False):
        new.append(v + change + gain @ (y - x))
        y = move(y, new[-1])
    return new


def corrected(x, p, y):
    """The estimate after something was seen."""
    c = slope(x)
    gain = np.linalg.solve(c @ p @ c.T + CAMERA, c @ p).T
    return x + gain @ (y - look(x)), p - gain @ c @ p


def main():
    """Place, angle and force at all times."""
    x, u = np.array([0, 0.4, 0, 0]), [np.zeros(1)] * HORIZON
    estimate, p = np.zeros(4), 0.1 * np.eye(4)
    rows = []
    for t in range(TIMES):
        y = look(x) + 0.002 * np.sin(12.9 * t + 78.2 * np.arange(3))
        estimate, p = corrected(estimate, p, y)
        u = improved(u, estimate)
        rows.append([x[0], x[1], u[0][0]])
        x = move(x, u[0])
        a, _ = slopes(estimate, u[0])
        estimate, p = move(estimate, u[0]), a @ p @ a.T + MOTION
        u = [*u[1:], u[-1]]
    return np.array(rows)


if __name__ == "__main__":
    print(main())
