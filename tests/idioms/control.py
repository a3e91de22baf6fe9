"""Branches, loops to convergence, exceptions, text."""

import math
import warnings

import numpy as np

from .suite import idiom


@idiom(looks=True)
def branch_on_value(x):
    if x[0] > 0.5:
        return x[0] ** 2 * x[1]
    elif x[0] == 0.5:
        return x[1]
    return -x[0]


@idiom(looks=True)
def conditional_expression(x):
    return sum(v**2 if v > 0.8 else math.sin(v) for v in x)


@idiom(looks=True)
def newton_to_convergence(x):
    y = 1.0
    while abs(y**2 - x[0]) > 1e-14:
        y = 0.5 * (y + x[0] / y)
    return y * x[1]


@idiom(looks=True)
def newton_with_break(x):
    y = x[1]
    for _ in range(100):
        step = (y * math.exp(y) - x[0]) / (math.exp(y) * (1 + y))
        y -= step
        if abs(step) < 1e-14:
            break
    else:
        raise RuntimeError("no convergence")
    return y


@idiom
def fixed_point(x):
    y = 0.5
    for _ in range(60):
        y = math.cos(x[0] * y)
    return y + x[1]


@idiom(looks=True)
def arithmetic_geometric_mean(x):
    a, b = x[0], x[1]
    while abs(a - b) > 1e-15 * abs(a):
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return a


@idiom(looks=True)
def bisection_then_newton(x):
    f = lambda t: t**3 + x[0] * t - x[1]  # noqa: E731
    low, high = 0.0, 2.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    root = float(low)
    for _ in range(3):
        root = root - f(root) / (3 * root**2 + x[0])
    return root


@idiom(at=(0.1, 1.2, 2.9, 1.9), looks=True)
def loop_over_pairs_with_test(x):
    energy = 0.0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            r = abs(x[i] - x[j])
            if r < 1.4:
                energy += 4 * ((0.5 / r) ** 4 - (0.5 / r) ** 2)
    return energy


@idiom(looks=True)
def caught_exception(x):
    def safe_log(v):
        try:
            return math.log(v)
        except ValueError:
            return v**2

    return safe_log(x[0] - 1.0) + safe_log(x[1])


@idiom(looks=True)
def raised_and_caught(x):
    try:
        if x[0] < 1:
            raise ValueError("too small", x[0])
    except ValueError as error:
        return error.args[1] ** 2
    finally:
        x = None
    return 0.0


@idiom(looks=True)
def asserted(x):
    assert x[0] > 0, f"x[0] must be positive, not {x[0]}"
    assert np.all(np.isfinite(x)), "not finite"
    return math.sqrt(x[0]) * x.shape[0]


@idiom(looks=True)
def printed_and_formatted(x):
    text = f"{x[0]:.3f} {float(x[1]):8.2e} {x}" + "%g" % x[2] + str(x[0]) + repr(x)  # noqa: UP031
    return x[0] * x[1] * (len(text) > 10)


@idiom(looks=True)
def used_as_index(x):
    table = [1.0, 2.0, 4.0, 8.0]
    return x[0] * table[int(3 * x[1])] + table[math.floor(x[2])] * x[3]


@idiom(looks=True)
def table_look_up_by_hand(x):
    knots, values = [0.0, 0.5, 1.0, 1.5], [0.0, 1.0, 0.5, 2.0]
    total = 0.0
    for v in x + 0.02:
        i = 0
        while knots[i + 1] < v:
            i += 1
        w = (v - knots[i]) / (knots[i + 1] - knots[i])
        total += ((1 - w) * values[i] + w * values[i + 1]) ** 2
    return total


@idiom
def types_checked(x):
    if not isinstance(x, np.ndarray):
        raise TypeError("an array is needed")
    if x.ndim != 1 or x.dtype != np.float64 or len(x) != 4:
        raise ValueError(x.shape)
    return sum(v**2 if isinstance(v, float) and np.isscalar(v) else 0.0 for v in x)


@idiom
def scalar_or_array(x):
    def norm(v):
        v = np.asarray(v, dtype=float)
        if v.ndim == 0:
            v = v[np.newaxis]
        return float(np.sqrt((v * v).sum()))

    return norm(x[0]) * norm([x[1], x[2]]) + norm(x)


@idiom(looks=True)
def largest_found_by_hand(x):
    best, where = -math.inf, None
    for k, v in enumerate(x):
        if v > best:
            best, where = v, k
    return best**2 + x[where - 1]


@idiom(looks=True)
def early_return_in_loop(x):
    total = 0.0
    for v in x:
        total += v
        if total > 1.5:
            return total * v
    return total


@idiom
def warnings_silenced(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = np.where(x > 0.5, np.log(np.abs(x - 0.3)), x**2)
    return np.sum(y)


@idiom(looks=True)
def adaptive_step(x):
    t, y, h = 0.0, x[0], 0.25
    while t < 1.0:
        full = y * (1 - h * x[1])
        half = y * (1 - 0.5 * h * x[1]) ** 2
        if abs(full - half) > 1e-2:
            h *= 0.5
            continue
        t, y = t + h, half
    return y


@idiom
def optional_argument(x):
    def scaled(v, weights=None):
        if weights is None:
            weights = np.ones_like(v)
        return np.sum(weights * v) / np.sum(weights)

    return scaled(x) * scaled(x, x**2)


@idiom(looks=True)
def chained_comparison(x):
    return sum(v**2 for v in x if 0.5 < v <= 1.0) + (x[0] if all(x > 0) and any(x > 1) else 0.0)


@idiom(looks=True)
def power_iteration(x):
    a = np.array([[2.0 + x[0], x[1]], [x[1], x[2]]])
    v, value = np.ones(2), 0.0
    for _ in range(200):
        w = a @ v
        new = np.linalg.norm(w)
        v = w / new
        if abs(new - value) < 1e-15:
            break
        value = new
    return new


@idiom(looks=True)
def gradient_descent_with_tolerance(x):
    w = np.zeros(2)
    for _ in range(1000):
        slope = np.array([w[0] - x[0] + 0.1 * w[1], 2 * w[1] - x[1] + 0.1 * w[0]])
        if np.linalg.norm(slope) < 1e-13:
            break
        w = w - 0.4 * slope
    return w[0] * w[1]
