"""Functions with f(0) = 0 that have no finite derivative at 0: found, named, and mended by decree.

sqrt(x) has the derivative infinity at 0, and x sin(1/x) has none; but both have a value there,
and a program that meets 0 once would carry inf or nan into every weight.
"""

import numpy as np

import bibun
from bibun.array import Array
from bibun.tracing.functional import record


def root(x):
    return np.sqrt(x)


def length(x):
    return np.sqrt(np.sum(x**2))


def wave(x):
    return x * np.sin(1 / x)


# ---------------------------------------------------------------- find the place


def first_bad(f, x):
    """The first operation whose value, or else whose partial derivative, is not finite."""
    x = Array(None, -1, np.asarray(x, float))
    trace = record(f, [x], lambda leaves: leaves, "first_bad", {}).trace
    for i, (op, *args) in enumerate(trace.entries):
        if args and not np.all(np.isfinite(trace.value(i))):
            return f"{op.name} gives {trace.value(i)} at {trace.position(i)}"
    for i, (op, *args) in reversed(list(enumerate(trace.entries))):
        y, xs = trace.value(i), [Array(None, -1, trace.value(k)) for k in args]
        with np.errstate(all="ignore"):
            ones = Array(None, -1, np.ones_like(y))
            wanted = tuple(a.dtype.kind == "f" for a in xs)
            partials = op.pull(Array(None, -1, y), tuple(xs), ones, wanted) if args else ()
        for p in partials:
            if p is not None and not np.all(np.isfinite(p.numpy())):
                return f"the derivative of {op.name} is {p} at {trace.position(i)}"
    return "everything is finite"


# ---------------------------------------------------------------- mend it


@bibun.custom_gradient
def root_or_zero(x):
    y = np.sqrt(x)

    def gradient(upstream):
        return upstream * np.where(y > 0, 0.5 / y, 0)

    return y, gradient


def mended_length(x):
    return root_or_zero(np.sum(x**2))


@bibun.custom_gradient
def mended_wave(x):
    inside = np.where(x == 0, 1, x)  # so that no branch ever divides by 0

    def gradient(upstream):
        slope = np.sin(1 / inside) - np.cos(1 / inside) / inside
        return upstream * np.where(x == 0, 0, slope)

    return np.where(x == 0, 0, x * np.sin(1 / inside)), gradient


def main():
    results = {}
    zeros = np.zeros(2)
    zero = np.float64(0)  # one of NumPy's numbers: 1 / 0.0 raises an error in Python
    for f, x in ((root, zero), (length, zeros), (wave, zero)):
        with bibun.numerics.rescue(False):  # as the floats have it
            value, derivative = bibun.value_and_grad(f)(x)
        place = first_bad(f, x)
        print(f"{f.__name__} at {x}: value {value}, derivative {derivative}: {place}")
        results[f.__name__] = value, derivative, place
    for f, x in (
        (root_or_zero, 0.0),
        (mended_length, zeros),
        (mended_wave, 0.0),
        (mended_wave, 0.5),
    ):
        value, derivative = bibun.value_and_grad(f)(x)
        print(f"{f.__name__} at {x}: value {value}, derivative {derivative}")
        results[f.__name__] = value, derivative
    return results


if __name__ == "__main__":
    main()
