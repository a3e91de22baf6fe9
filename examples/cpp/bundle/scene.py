"""A scene for bundle adjustment, and the same adjustment in Python: python scene.py scene.txt"""

import sys

import numpy as np
from model import residual

import bibun

CAMERAS, POINTS, STEPS, DAMPING = 5, 30, 8, 1e-6
slopes = bibun.jit(bibun.jacobian(residual, (0, 1)))


def scene():
    """What is measured, and where one begins: cameras, points, and what each camera sees."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (POINTS, 3))
    turned, moved = rng.uniform(-0.3, 0.3, (CAMERAS, 3)), rng.uniform(-0.5, 0.5, (CAMERAS, 3))
    cameras = np.concatenate([turned, np.array([0, 0, 5]) + moved], axis=1)
    none = np.zeros(2)
    seen = np.array([[residual(c, p, none) for p in points] for c in cameras])
    seen += rng.normal(0, 1e-3, seen.shape)
    return (
        cameras + rng.normal(0, 0.02, cameras.shape),
        points + rng.normal(0, 0.05, points.shape),
        seen,
    )


def adjusted(cameras, points, seen):
    """Levenberg's method, without anything clever: all equations at once; the costs."""
    n, costs = cameras.size, []
    for _ in range(STEPS):
        cost, g, h = 0.0, np.zeros(n + points.size), np.zeros((n + points.size,) * 2)
        for i, c in enumerate(cameras):
            for k, p in enumerate(points):
                r = residual(c, p, seen[i, k])
                cost += r @ r
                where = np.r_[6 * i : 6 * i + 6, n + 3 * k : n + 3 * k + 3]
                j = np.concatenate(slopes(c, p, seen[i, k]), axis=1)
                g[where] += j.T @ r
                h[np.ix_(where, where)] += j.T @ j
        costs.append(cost)
        step = np.linalg.solve(h + DAMPING * np.diag(np.diag(h)), g)
        cameras = cameras - step[:n].reshape(cameras.shape)
        points = points - step[n:].reshape(points.shape)
    return costs


def main():
    """Write the numbers of the scene, cameras first; or print the costs."""
    numbers = scene()
    if len(sys.argv) > 1:
        np.savetxt(sys.argv[1], np.concatenate([np.ravel(x) for x in numbers]), "%.17g")
    else:
        print(*adjusted(*numbers), sep="\n")


if __name__ == "__main__":
    main()
