"""Whole programs that know nothing of bibun have right derivatives, without a line changed.

Truth is the complex step (complex_step.py): the source as it is, executed with complex numbers.
It is checked itself: its values are those of the program.
"""

import importlib
import traceback
from pathlib import Path

import numpy as np
import optree
import pytest

from bibun import GradientTape, Variable, grad, hvp, jvp, value_and_grad
from bibun.derivative import derived
from tests.whole.complex_step import analytic, derivative

PROGRAMS = [
    "advection", "epidemic", "finite_elements", "gaussian_process", "hidden_markov", "kalman",
    "nbody", "pharmacokinetics", "ray_tracer", "registration", "robot", "splines", "survival",
    "transformer", "watershed",
]  # fmt: skip
SLOW = ["epidemic", "pharmacokinetics", "ray_tracer", "watershed"]  # second derivatives: 5 to 20 s
TAPED = ["gaussian_process", "kalman", "nbody", "survival", "transformer"]  # seconds for the others
HERE = str(Path(__file__).parent)
FEW = 20  # parameters up to which every partial derivative is looked at
SAME = 1e-13  # rounding of a value, in two orders of its sums
# Rounding of some ten thousand operations, of the largest partial derivative: 13 digits are left
# by linear equations, 15 without.
CLOSE = 1e-12
# Slopes that are good to 13 to 15 digits leave 8 to 10 in central differences of this step; with a
# longer one, programs meet their own kinks.
STEP = 1e-5
SECOND = 1e-7


def module(name):
    return importlib.import_module(f"tests.whole.{name}")


def direction(start, seed=0):
    """A direction in which every parameter moves."""
    rng = np.random.default_rng(seed)
    return optree.tree_map(lambda x: rng.normal(size=np.shape(x))[()], start)


def directions(start):
    """One for each of a few parameters; some random ones for many."""
    leaves, structure = optree.tree_flatten(start)
    sizes = [np.size(x) for x in leaves]
    if sum(sizes) > FEW:
        return [direction(start, seed) for seed in range(5)]
    ends = np.cumsum(sizes)[:-1]
    return [
        optree.tree_unflatten(
            structure,
            [p.reshape(np.shape(x)) for p, x in zip(np.split(unit, ends), leaves, strict=True)],
        )
        for unit in np.eye(sum(sizes))
    ]


def along(start, v, h):
    return optree.tree_map(lambda x, t: x + h * t, start, v)


def inner(a, b):
    return sum(np.sum(x * y) for x, y in zip(*map(optree.tree_leaves, (a, b)), strict=True))


def slope(f, h):
    """f'(0) by Romberg's extrapolation of central differences with three steps."""
    rows = [(f(s) - f(-s)) / (2 * s) for s in (h, h / 2, h / 4)]
    for order in (4, 16):
        rows = [(order * b - a) / (order - 1) for a, b in zip(rows, rows[1:], strict=False)]
    return rows[0]


def assert_close(ours, truth, close):
    size = np.max(np.abs(truth))
    error = np.max(np.abs(np.subtract(ours, truth))) / size
    print(f"{-np.log10(max(error, 1e-16)):.1f} digits")  # shown by pytest -rP
    assert error < close, f"{ours} instead of {truth}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradient(name, monkeypatch):
    program = module(name)
    f, start = program.objective, program.START
    value, g = value_and_grad(f)(start)
    assert optree.tree_structure(g) == optree.tree_structure(start)
    units, exact = directions(start), analytic(program)
    values, slopes = zip(*[derivative(exact, start, v) for v in units], strict=True)
    for same in (float(value), *values):
        np.testing.assert_allclose(same, f(start), rtol=SAME)
    assert_close([inner(g, v) for v in units], slopes, CLOSE)
    v = direction(start)
    truth = derivative(exact, start, v)[1]
    assert abs(jvp(f, (start,), (v,))[1] - truth) < CLOSE * np.linalg.norm(slopes)
    monkeypatch.delattr(derived, "Derived")  # a second call makes nothing anew
    for ours, first in zip(*map(optree.tree_leaves, (value_and_grad(f)(start)[1], g)), strict=True):
        np.testing.assert_array_equal(ours, first)


@pytest.mark.parametrize("name", sorted({*PROGRAMS} - {*SLOW}))
def test_hessian_vector_product(name):
    program = module(name)
    f, start, exact = program.objective, program.START, analytic(program)
    v, units = direction(start, 4), directions(start)
    curvature = hvp(f)(start, v)
    truth = [slope(lambda h, w=w: derivative(exact, along(start, w, h), v)[1], STEP) for w in units]
    assert_close([inner(curvature, w) for w in units], truth, SECOND)


@pytest.mark.parametrize("name", TAPED)
def test_inside_a_tape(name):
    program = module(name)
    f, start = program.objective, program.START
    leaves, structure = optree.tree_flatten(start)
    variables = [Variable(np.asarray(x, dtype=float)) for x in leaves]
    with GradientTape() as tape:
        value, slopes = value_and_grad(f)(optree.tree_unflatten(structure, variables))
        total = value + sum(np.sum(s * s) for s in optree.tree_leaves(slopes))
    found = tape.gradient(total, variables)
    g = grad(f)(start)
    truth = optree.tree_map(lambda s, t: s + 2 * t, g, hvp(f)(start, g))
    for ours, expected in zip(found, optree.tree_leaves(truth), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


# ------------------------------------------------------------ exceptions

FAILING = {
    "advection": [50.0, 0.4, 0.01, 0.2, 0.6, 3.0, 0.5],
    "finite_elements": [*[0.0] * 8, 0.1, 0.0, 1.0, 0.7],
    "hidden_markov": [0.0] * 5,
    "kalman": [0.0] * 5 + [0.1],
    "nbody": [0.4, 0.9, 0.5, -1.0, 2.0],
    "ray_tracer": [-0.3, 0.7, 0.5, -0.7, 0.8, 0.4, 2.0, 1.5],
    "registration": [0.0, 5.0, *[0.0] * 7],
    "robot": [1.0] * 4,
    "survival": [0.1] * 5,
}


def raised(f, x):
    """The type and text of the exception, and file, line, name and source of the user's frames."""
    try:
        f(x)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        seen = [(s.filename, s.lineno, s.name, s.line) for s in frames]
        return (
            type(error),
            str(error),
            [s for s in seen if s[0].startswith(HERE) and s[2] != "raised"],
        )
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("name", FAILING)
def test_traceback(name):
    f, x = module(name).objective, np.array(FAILING[name])
    plain, traced = raised(f, x), raised(grad(f), x)
    assert plain[2], "the program itself fails"
    assert plain == traced
