"""Code that leans on Python's and NumPy's own classes and modules, as people write it."""

import fractions
import functools
import operator
import statistics

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial


def spread_of_python(x):
    center = statistics.mean(x)
    wide = statistics.stdev([x[0], x[1], 2 * x[2]], center)
    return wide * statistics.pvariance(list(x)) + statistics.fmean(v for v in x)


def order_of_python(x):
    values = [v * v for v in x]
    return statistics.median(values) * statistics.median_low([*values, x[0]]) / max(values)


def means_of_python(x):
    slope = statistics.covariance(list(x), [1.0, 2.0, 4.0]) / statistics.correlation(x, x)
    return slope + statistics.geometric_mean(x) * statistics.harmonic_mean([x[0], x[1]])


def polynomial_objects(x):
    p = Polynomial(x) * Polynomial([1.0, x[0]]) - 2
    q = (p**2).deriv() + p.integ(lbnd=x[1])
    return q(x[2]) + Polynomial([x[0] * x[1], -x[0] - x[1], 1.0]).roots().sum()


def polynomial_in_a_window(x):
    wave = Chebyshev(x, domain=[0, 2])
    return wave(x[0]) + np.sum(wave.deriv().coef ** 2) + np.sum(Polynomial.fromroots(x).coef)


def old_polynomials(x):
    p = np.poly1d(x)
    return (p * p + 1).deriv()(x[0]) + np.poly1d([1.0, 2.0])(x[1])


def vectorized_rows(x):
    length = np.vectorize(lambda row, k: np.sqrt(np.sum(row**2)) / k, signature="(n),()->()")
    return np.sum(length(np.stack([x, 2 * x]), x[0]) * [1.0, 3.0])


def vectorized_but_one(x):
    at = np.vectorize(
        lambda p, coefficients: np.polyval(coefficients, p), excluded=["coefficients"]
    )
    return np.sum(at(x, coefficients=[x[0], 1.0, -x[1]]))


def from_python_function(x):
    softer = np.frompyfunc(lambda a, b: a / (1.0 + abs(b)), 2, 1)
    return softer(x, x[::-1]).sum()


def array_of_objects(x):
    a = np.array([x[0], x[1], 2.0], dtype=object)
    a[2] = functools.reduce(operator.mul, a)
    return (a * a).sum() + a[::-1][0]


def ordered_by_keys(x):
    names = ["b", "a", "b"]
    return np.sum(x[np.lexsort((x, names))] * [1.0, 2.0, 3.0]) + x[np.lexsort([-x])][0]


def fractions_of_numbers(x):
    third = fractions.Fraction(1, 3)
    return third * x[0] + x[1] ** third - float(x[2]) / third + (third + 1) / x[0]


def whole_or_not(x):
    return sum(v if float(v).is_integer() else v * v for v in (x[0], np.float64(2.0), x[2]))


ARRAY = [
    spread_of_python, order_of_python, means_of_python, polynomial_objects,
    polynomial_in_a_window, old_polynomials, vectorized_rows, vectorized_but_one,
    from_python_function, array_of_objects, ordered_by_keys, fractions_of_numbers, whole_or_not,
]  # fmt: skip
LOOKS = {"old_polynomials", "whole_or_not"}  # at values, which vmap does not have
