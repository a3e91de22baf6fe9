"""Formulas with math, NumPy and Python's own functions."""

import cmath
import math
import operator
from math import cos, exp, log, pi, sin, sqrt

import numpy as np

from .suite import idiom


@idiom
def math_of_elements(x):
    return math.sin(x[0]) * math.exp(x[1]) + math.sqrt(x[2]) * math.log(x[3])


@idiom
def names_imported_from_math(x):
    a, b, c, d = x
    return sin(a) * cos(b) + exp(-c) * sqrt(d) + pi * log(a)


@idiom
def black_scholes(x):
    spot, strike, time, volatility = 100 * x[0], 75.0, x[1], x[2] * 0.5
    d1 = (math.log(spot / strike) + (x[3] * 0.05 + volatility**2 / 2) * time) / (
        volatility * math.sqrt(time)
    )
    d2 = d1 - volatility * math.sqrt(time)

    def normal_cdf(z):
        return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))

    return spot * normal_cdf(d1) - strike * math.exp(-0.05 * x[3] * time) * normal_cdf(d2)


@idiom
def great_circle(x):
    lat1, lon1, lat2, lon2 = map(math.radians, 30 * x)
    h = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 6.371 * 2 * math.asin(math.sqrt(h))


@idiom
def quadratic_formula(x):
    a, b, c = x[0], -4 * x[1], x[2]
    d = math.sqrt(b**2 - 4 * a * c)
    return max((-b + d) / (2 * a), (-b - d) / (2 * a))


@idiom
def complex_roots(x):
    root = (-x[0] + cmath.sqrt(x[0] ** 2 - 4 * x[1])) / 2
    return root.real**2 + root.imag


@idiom
def phasors(x):
    z = x[0] + 1j * x[1]
    y = np.exp(1j * x[2]) / (z + 1.0 / z)
    return np.abs(y) ** 2 + np.angle(y)


@idiom
def float_of_everything(x):
    return float(np.sum(x)) * float(x[0]) + float(x[1] ** 2)


@idiom
def items_and_lists(x):
    first = x[0].item()
    return first**2 * sum(x.tolist()) + x.item(3)


@idiom
def powers_of_everything(x):
    return pow(x[0], 3) + x[1] ** x[2] + np.power(x[3], 2.5) + 2 ** x[0] + math.pow(x[1], 0.5)


@idiom
def hypotenuses(x):
    return math.hypot(x[0], x[1]) + np.hypot(x[2], x[3]) + math.dist(x[:2], x[2:])


@idiom
def angles(x):
    return math.atan2(x[0], x[1]) + np.arctan2(x[2], -x[3]) + np.degrees(x[0]) + np.unwrap(x)[2]


@idiom
def floor_and_remainder(x):
    return x[0] * math.floor(2.9 * x[1]) + 3 * x[2] % 1 + np.mod(x[3], 0.25) ** 2


@idiom
def rounded_to_digits(x):
    return x[0] * round(x[1], 1) + np.sum(np.round(x) * x**2)


@idiom
def stable_log_sum_exp(x):
    top = np.max(10 * x)
    return top + np.log(np.sum(np.exp(10 * x - top)))


@idiom
def softmax_cross_entropy(x):
    e = np.exp(x - np.max(x))
    p = e / e.sum()
    return -math.log(p[1])


@idiom
def sigmoid_two_ways(x):
    s = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
    return np.sum(np.log(s))


@idiom
def gamma_function(x):
    return math.gamma(1 + x[0]) + math.lgamma(x[1]) + math.erfc(x[2])


@idiom
def exact_sums(x):
    return math.fsum([math.sin(v) for v in x]) * math.prod(x)


@idiom
def operators_as_functions(x):
    return operator.mul(x[0], operator.add(x[1], 2)) - operator.truediv(x[2], operator.neg(x[3]))


@idiom
def polynomial_by_horner(x):
    result = 0.0
    for c in [1.0, -2.0, 0.5, 3.0]:
        result = result * x[0] + c * x[1]
    return result


@idiom
def taylor_series(x):
    total = term = 1.0
    for n in range(1, 20):
        term = term * x[0] / n
        total += term
    return total * x[1]


@idiom
def continued_fraction(x):
    y = x[0]
    for k in range(10, 0, -1):
        y = x[1] + k / (y + x[2])
    return y


@idiom
def trapezoidal_rule(x):
    t = np.linspace(0, 1, 21)
    return np.trapezoid(np.exp(-x[0] * t) * np.sin(x[1] * t), t)


@idiom
def simpson_by_hand(x):
    n, a, b = 10, 0.0, x[0]
    h = (b - a) / n
    f = lambda t: math.exp(-(t**2)) * x[1]  # noqa: E731
    s = f(a) + f(b)
    s += 4 * sum(f(a + i * h) for i in range(1, n, 2))
    s += 2 * sum(f(a + i * h) for i in range(2, n, 2))
    return s * h / 3


@idiom
def gauss_legendre(x):
    nodes, weights = np.polynomial.legendre.leggauss(5)
    return np.dot(weights, np.cos(x[0] * nodes + x[1]))


@idiom
def angle_between(x):
    u, v = x[:2], x[2:]
    return np.arccos(np.clip(np.dot(u, v) / (np.linalg.norm(u) * np.linalg.norm(v)), -1.0, 1.0))


@idiom
def sign_and_absolute(x):
    y = x - 0.8
    return np.sum(np.sign(y) * y**2) + math.fabs(y[0]) * abs(y[1]) + math.copysign(x[2], y[2])


@idiom
def gaussian_constants(x):
    mean, deviation = x[0], x[1]
    z = (x[2] - mean) / deviation
    return math.log(1 / (deviation * math.sqrt(math.tau))) - z**2 / 2 + math.e * x[3]


@idiom
def huber_loss(x):
    r = 2 * x - 1.0
    return np.sum(np.where(np.abs(r) <= 0.6, 0.5 * r**2, 0.6 * (np.abs(r) - 0.3)))
