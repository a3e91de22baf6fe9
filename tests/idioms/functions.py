"""Closures, recursion, decorators, generators, and the standard library's tools for functions."""

import contextlib
import functools
import itertools
import math
import operator
from functools import cache, lru_cache, partial, reduce

import numpy as np

from . import helpers
from .helpers import damped, normalised
from .suite import idiom


@idiom
def helpers_in_another_module(x):
    return damped(x[0], rate=x[1]) + helpers.energy(normalised(x))


@idiom
def closure_over_parameters(x):
    def model(rate):
        return lambda t: math.exp(-rate * t)

    slow, fast = model(x[0]), model(x[1] * 3)
    return slow(1.0) * fast(x[2])


@idiom
def nonlocal_counter(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v**2

    for v in x:
        add(v)
    return total * x[0]


@idiom
def recursive_factorial(x):
    def rising(v, n):
        return 1.0 if n == 0 else v * rising(v + 1, n - 1)

    return rising(x[0], 4) + rising(x[1], 2)


@idiom
def fibonacci_with_cache(x):
    @lru_cache(maxsize=None)  # noqa: UP033
    def fib(n):
        return x[n] if n < 2 else fib(n - 1) + math.sin(fib(n - 2))

    return fib(8)


@cache
def binomial(n, k):
    return 1 if k in (0, n) else binomial(n - 1, k - 1) + binomial(n - 1, k)


@idiom
def bernstein_polynomial(x):
    t = x[0]
    return sum(binomial(3, k) * t**k * (1 - t) ** (3 - k) * x[k] for k in range(4))


@idiom
def recursive_fourier_transform(x):
    def fft(a):
        n = len(a)
        if n == 1:
            return a
        even, odd = fft(a[::2]), fft(a[1::2])
        w = np.exp(-2j * np.pi * np.arange(n // 2) / n)
        return np.concatenate([even + w * odd, even - w * odd])

    return np.sum(np.abs(fft(x**2)) ** 2 * np.arange(4))


@idiom
def de_casteljau(x):
    def point(p, t):
        if len(p) == 1:
            return p[0]
        return point([(1 - t) * a + t * b for a, b in itertools.pairwise(p)], t)

    return point(list(x), 0.3) * point(list(x), x[0])


@idiom
def reduced_with_operator(x):
    return reduce(operator.mul, x, 1.0) + reduce(lambda a, b: a * 0.5 + b, x)


@idiom
def accumulated(x):
    return sum(itertools.accumulate(x, operator.mul)) + list(itertools.accumulate(x))[-1] ** 2


@idiom
def all_pairs(x):
    return sum(1.0 / (1.0 + abs(a - b)) for a, b in itertools.combinations(x, 2))


@idiom
def product_grid(x):
    return sum(math.exp(-a * b) for a, b in itertools.product(x[:2], x[2:]))


@idiom
def chained_and_sliced(x):
    run = itertools.chain(x[:2], [1.0], x[2:])
    return sum(v * w for v, w in zip(itertools.islice(run, 4), itertools.count(1)))


@idiom
def mapped_function(x):
    return sum(map(math.sin, x)) + sum(map(lambda a, b: a * b, x, x[::-1]))


@idiom
def partial_application(x):
    power = partial(math.pow, x[0])
    scaled = partial(np.multiply, x[1])
    return power(2.5) + np.sum(scaled(x))


@idiom
def composed(x):
    def compose(*fs):
        return reduce(lambda f, g: lambda v: f(g(v)), fs)

    return compose(math.sin, math.exp, lambda v: v * x[1])(x[0])


def twice(f):
    @functools.wraps(f)
    def wrapped(*args, **kwargs):
        return f(f(*args, **kwargs))

    return wrapped


def scaled_by(k):
    def decorator(f):
        @functools.wraps(f)
        def wrapped(v):
            return k * f(v)

        return wrapped

    return decorator


@twice
@scaled_by(0.5)
def smoothed(v):
    return math.log1p(math.exp(v))


@idiom
def decorated_helper(x):
    return smoothed(x[0]) * smoothed(x[1])


def logged(f):
    calls = []

    def wrapped(x):
        calls.append(f.__name__)
        return f(x) * len(calls[-1])

    return wrapped


@idiom
@logged
def decorated_itself(x):
    return math.sinh(x[0]) * np.sum(x**2)


@idiom
def generator_of_states(x):
    def orbit(r, v):
        while True:
            v = r * v * (1 - v)
            yield v

    return sum(itertools.islice(orbit(2.5 + x[0] * 0.3, x[2]), 5))


@idiom
def generator_with_send(x):
    def averaging():
        total, n = 0.0, 0
        value = yield
        while True:
            total, n = total + value, n + 1
            value = yield total / n

    average = averaging()
    next(average)
    return sum(average.send(v) ** 2 for v in x)


@idiom
def delegating_generator(x):
    def leaves(values):
        if len(values) == 1:
            yield math.sqrt(values[0])
        else:
            yield from leaves(values[: len(values) // 2])
            yield from leaves(values[len(values) // 2 :])

    return math.prod(leaves(x))


@contextlib.contextmanager
def scaled_unit(k):
    yield math.exp(k)


@idiom
def context_manager(x):
    with scaled_unit(x[0]) as unit, np.errstate(all="ignore"):
        return np.sum(x**2) / unit


OPERATIONS = {"relu": lambda v: np.maximum(v, 0.0), "tanh": np.tanh, "sin": math.sin}


@idiom
def table_of_functions(x):
    return OPERATIONS["tanh"](x).sum() * OPERATIONS["sin"](x[0]) + OPERATIONS["relu"](x - 0.8).sum()


@idiom
def function_by_name(x):
    return sum(getattr(np, name)(x[k]) for k, name in enumerate(["sin", "cos", "exp", "log"]))


@idiom(looks=True)
def vectorized_function(x):
    @np.vectorize
    def clipped(v, low):
        return math.sin(v) if v > low else math.cos(v)

    return np.sum(clipped(x, 0.8) * x)


@idiom
def row_by_row(x):
    m = np.outer(x, [1.0, 2.0, 3.0])
    return np.sum(np.apply_along_axis(lambda row: row / math.sqrt(np.sum(row**2) + 1), 1, m))


@idiom
def matrix_from_function(x):
    return np.sum(np.fromfunction(lambda i, j: np.exp(-x[0] * np.abs(i - j)), (4, 4)) @ x)


@idiom
def default_arguments(x, power=2, f=math.exp):
    return f(-x[0]) * np.sum(x**power)


@idiom
def imported_inside(x):
    import math as m
    from functools import reduce as fold

    import numpy

    return fold(lambda a, b: a + m.sin(b), x, 0.0) * numpy.sum(numpy.array([x[0], x[1]]))


@idiom
def newton_with_numeric_slope(x):
    def g(y):
        return y**3 + x[0] * y - x[1]

    y = 1.0
    for _ in range(8):
        y = y - g(y) / (3 * y**2 + x[0])
    return y


@functools.singledispatch
def area(shape):
    raise TypeError(shape)


@area.register
def _(shape: tuple):
    return math.prod(shape)


@area.register
def _(shape: float):
    return math.pi * shape**2


@idiom
def dispatched_by_type(x):
    return area((x[0], x[1])) + area(x[2]) * area(0.5)


@idiom
def compensated_sum(x):
    total = carry = 0.0
    for v in 1e3 * x**2:
        y = v - carry
        t = total + y
        carry = (t - total) - y
        total = t
    return total / 1e3
