"""Every rewrite rule is an equation: both sides are evaluated, as its label says."""

from itertools import product

import mpmath
import numpy as np
import pytest

import bibun
from bibun.array import Array
from bibun.graph import Type
from bibun.recording import building
from bibun.rewrite import STABILISE, Pattern, fill, rewrite
from bibun.rewrite.engine import Rules, equations
from bibun.rewrite.rules import hyperbolic, identities, softmax, stable, units
from bibun.walk import build, evaluate, pull

HARD = [0.0, -0.0, 1.0, -1.5, 5e-324, 1e-300, -1e300, 1e300, np.inf, -np.inf, np.nan]
rng = np.random.default_rng(0)


def holes(pattern):
    """The names of the arrays in a pattern."""
    if not isinstance(pattern, Pattern):
        return set()
    if pattern.op is None:
        return {pattern.name}
    return set().union(*map(holes, pattern.args)) if pattern.args else set()


def sides(rule, values):
    """Both sides of a rule on plain values."""
    with np.errstate(all="ignore"):
        left, right = (fill(p, values) for p in (rule.left, rule.right))
        return tuple(np.asarray(getattr(s, "value", s)) for s in (left, right))


@pytest.mark.parametrize("rule", identities + units, ids=str)
def test_rules_that_always_hold_do_so_bit_for_bit(rule):
    numbers = sorted(holes(rule.left) - {"c"})
    for values in product(HARD, repeat=len(numbers)):
        given = dict(zip(numbers, map(np.float64, values), strict=True))
        left, right = sides(rule, given | {"c": np.True_, "inner": (1,), "shape": ()})
        np.testing.assert_array_equal(left, right)
        assert np.isnan(left) or np.signbit(left) == np.signbit(right)


@pytest.mark.parametrize("rule", stable + hyperbolic, ids=str)
def test_rules_for_real_numbers_hold_up_to_rounding(rule):
    """In 50 digits both sides are the same, and the right side is not the worse of the two."""
    for scale in (1e-9, 1e-3, 0.5, 2.0):
        values = {n: np.float64(rng.uniform(0.1, 1) * scale) for n in sorted(holes(rule.left))}
        left, right = sides(rule, values)
        if np.isnan(left) and np.isnan(right):
            continue  # outside of the domain of both
        exact = float(high(rule.left, values))
        # The argument of the last function is rounded once: its condition is below 8 here.
        assert abs(right - exact) <= max(abs(left - exact), 8 * np.spacing(abs(exact)))
        assert abs(left - exact) <= 1e-6 * max(1, abs(exact))  # 1e-9 loses nine of sixteen digits


@pytest.mark.parametrize("rule", stable + hyperbolic, ids=str)
def test_derivatives_of_the_right_side_are_not_the_worse_ones(rule):
    """At small, moderate and large numbers: it may not cancel where the left side does not."""
    assert worse(rule) == []


def test_a_derivative_that_cancels_is_found():
    @equations(holds="real")
    def toy(x):
        yield 1 - np.square(x), (1 - x) * (1 + x)

    assert worse(*toy)


def worse(rule):
    """The points at which the derivative of the right side is the worse one."""
    found = []
    for scale in (1e-8, 1e-3, 0.5, 3.0, 20.0):
        point = {n: np.float64(rng.uniform(0.1, 1) * scale) for n in sorted(holes(rule.left))}
        found += [(n, point) for n in point if not as_good(rule, n, point, 1 + scale)]
    return found


def as_good(rule, name, point, condition):
    """Whether the derivative by a hole is as good on the right side, or little worse."""
    sides = [rule.left, rule.right]
    left, right = (slope(lambda x, p=p: fill(p, point | {name: x}), point[name]) for p in sides)
    with mpmath.workdps(50):
        exact = mpmath.diff(
            lambda x: high(rule.left, point | {name: x}), float(point[name]), relative=True
        )
    if not np.isfinite(left) or not isinstance(exact, mpmath.mpf):
        return True  # outside of the domain, or of the range
    # Some roundings more than the left side, of functions with this condition.
    allowed = max(2 * abs(left - exact), 64 * np.finfo(float).eps * condition * abs(exact))
    return abs(right - exact) <= allowed


def slope(f, x):
    """The derivative in floats, without rules."""
    with building() as trace:
        of = Type(np.dtype(float), ())
        y = f(Array(trace, trace.input(of), of))
        if not isinstance(y, Array):
            return 0.0
        graph = trace.close([0], [y.index])[0]
    inputs = [Array(None, -1, x)]
    with np.errstate(all="ignore"):
        (found,) = pull(graph, evaluate(graph, inputs), [Array(None, -1, np.float64(1))], [True])
    return 0.0 if found is None else float(found.raw)


FIELDS = {"axes": (-1,), "shape": (3, 1), "full": (3, 4)}


@pytest.mark.parametrize("rule", softmax, ids=str)
def test_rules_along_axes_hold_up_to_rounding(rule):
    x, y = rng.uniform(-2, 2, (3, 4)), rng.uniform(-2, 2, 3)
    left, right = sides(rule, {"x": x, "y": y} | FIELDS)
    np.testing.assert_allclose(left, right, rtol=1e-13)  # a dozen roundings of numbers up to 4


def high(pattern, values):
    """A pattern of elementary functions evaluated in 50 digits at least."""
    names = {
        "add": "fadd",
        "subtract": "fsub",
        "multiply": "fmul",
        "divide": "fdiv",
        "negative": "fneg",
        "absolute": "fabs",
        "arctanh": "atanh",
        "arcsinh": "asinh",
    }
    own = {
        "logaddexp": lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
        "expit": lambda a: 1 / (1 + mpmath.exp(-a)),
        "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)),
        "square": lambda a: a * a,
    }
    with mpmath.workdps(max(50, mpmath.mp.dps)):
        if not isinstance(pattern, Pattern):
            return mpmath.mpf(pattern)
        if pattern.op is None:
            return mpmath.mpf(values[pattern.name])
        f = own.get(pattern.name) or getattr(mpmath, names.get(pattern.name, pattern.name))
        return f(*(high(a, values) for a in pattern.args))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rule", identities + units + stable + hyperbolic + softmax, ids=str)
def test_rules_keep_types(rule, dtype):
    shapes = {"y": (3,)} if rule in softmax else {}
    fields = FIELDS if rule in softmax else {"inner": (12,), "shape": (4, 3)}
    with building() as trace:
        arrays = {}
        for n in holes(rule.left):
            of = Type(np.dtype(bool if n == "c" else dtype), shapes.get(n, (3, 4)))
            arrays[n] = Array(trace, trace.input(of), of)
        root = fill(rule.left, arrays | fields)
        new = STABILISE.apply(trace, root.index)
        assert trace.types(new) == trace.types(root.index)
        assert new != root.index or rule.condition


def test_constants_are_seen_through_expand():
    graph = build([Type(np.dtype(float), (3,))], lambda x: [np.log(1 + np.exp(x))])
    new, origin = rewrite(graph, STABILISE)
    assert [n.op.name for _, n in new] == ["input", "constant", "expand", "logaddexp"]
    assert origin == [0, origin[1], origin[2], None]


def test_rules_end_where_derivatives_end():
    """log(stop(exp(x))) is not x: what is stopped is no exponential for the rules."""
    graph = build([Type(np.dtype(float), ())], lambda x: [np.log(bibun.stop_gradient(np.exp(x)))])
    assert [n.op.name for _, n in rewrite(graph, STABILISE)[0]] == [
        "input",
        "exp",
        "stopgradient",
        "log",
    ]


def test_minus_zero_is_not_zero():
    for zero, count in ((0.0, 1), (-0.0, 3)):
        graph = build([Type(np.dtype(float), ())], lambda x, zero=zero: [x - zero])
        assert len(rewrite(graph, STABILISE)[0]) == count


@pytest.mark.parametrize(("zero", "count"), [(0j, 1), (complex(-0.0, 0.0), 3)])
def test_minus_zero_is_not_zero_in_a_part_of_a_complex_number(zero, count):
    graph = build([Type(np.dtype(complex), ())], lambda x: [x - zero])
    assert len(rewrite(graph, STABILISE)[0]) == count


@pytest.mark.parametrize(("dtype", "fires"), [(int, False), (float, True)])
def test_real_rules_fire_on_real_dtypes_only(dtype, fires):
    @equations(holds="real")
    def toy(x, y):
        yield x + y, y - (-x)

    graph = build([Type(np.dtype(dtype), ())] * 2, lambda x, y: [x + y])
    assert (rewrite(graph, Rules(toy))[0] != graph) == fires


def test_rules_that_run_in_a_circle_are_found():
    @equations(holds="real")
    def circle(x, y):
        yield x + y, y + x

    graph = build([Type(np.dtype(float), ())] * 2, lambda x, y: [x + y])
    with pytest.raises(RuntimeError, match="the rewrite rules run in a circle at add"):
        rewrite(graph, Rules(circle))
