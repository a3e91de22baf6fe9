"""Unmodified code has the right first and second derivatives: against finite differences of the
code itself, which runs as it is.
"""

import ast
import enum
import inspect

import numpy as np
import pytest

from bibun import grad, jvp, vmap
from bibun.tracing.rebind.marks import statements
from bibun.tracing.rebind.source import copied
from tests.tracing import idioms, libraries, styles

START = np.array([0.8, 1.3, 0.6])
DIRECTION = np.array([0.5, -1.0, 0.25])
H = 0.01
# Central differences of order 8: an error of h^8 = 1e-16 times a ninth (tenth) derivative, and
# rounding of 1e-16 / h (h^2).
FIRST = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([8 / 5, -1 / 5, 8 / 315, -1 / 560])
ARRAYS = [*idioms.ARRAY, *libraries.ARRAY, *styles.ARRAY]
CASES = [(f, 1.3, 1.0) for f in idioms.NUMBER] + [(f, START, DIRECTION) for f in ARRAYS]
LOOKS = idioms.LOOPS | libraries.LOOKS | styles.LOOKS


BLOCKS = """
try:
    async def f():
        async with a: pass
        async for b in c: d = lambda: e
except* g:
    match h:
        case [i]:
            class J: k = 1
        case _: import l
else:
    while m: n += 1
    else: del n
finally:
    if o: pass
    elif p: q = r if s else t
    else: pass
"""


def differences(f, x, v):
    """The first and second derivative of f at x along v."""
    at = {k: float(f(x + k * H * v)) for k in range(-4, 5)}
    first = sum(c * (at[k] - at[-k]) for k, c in enumerate(FIRST, 1)) / H
    second = sum(c * (at[k] + at[-k] - 2 * at[0]) for k, c in enumerate(SECOND, 1)) / H**2
    return first, second


@pytest.mark.parametrize("module", [idioms, libraries, styles, ast, enum])
def test_all_statements_of_a_source_are_seen(module):
    tree = ast.parse(inspect.getsource(module) + BLOCKS)
    assert set(statements(tree)) == {n for n in ast.walk(tree) if isinstance(n, ast.stmt)}


@pytest.mark.parametrize("f, x, v", CASES, ids=lambda f: getattr(f, "__name__", ""))
def test_idiom(f, x, v):
    first, second = differences(f, x, v)
    close = {"rtol": 1e-7, "atol": 1e-9}
    np.testing.assert_allclose(np.sum(grad(f)(x) * v), first, **close)
    np.testing.assert_allclose(jvp(f, (x,), (v,))[1], first, **close)
    curvature = grad(lambda y: np.sum(grad(f)(y) * v))(x) * v
    np.testing.assert_allclose(np.sum(curvature), second, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("f, x, v", CASES, ids=lambda f: getattr(f, "__name__", ""))
def test_vmap(f, x, v):
    if f.__name__ in LOOKS:
        return
    several = np.stack([x, x + 0.01 * v, x - 0.02 * v])
    np.testing.assert_allclose(vmap(f)(several), [f(y) for y in several], rtol=1e-13)
    slopes = np.stack([grad(f)(y) for y in several])
    np.testing.assert_allclose(vmap(grad(f))(several), slopes, rtol=1e-10, atol=1e-12)


def test_a_copy_of_a_tree_is_the_same_and_shares_no_part():
    tree = ast.parse(inspect.getsource(styles))
    copy = copied(tree)
    assert ast.dump(copy, include_attributes=True) == ast.dump(tree, include_attributes=True)
    places = {id(n) for n in ast.walk(tree) if n._attributes}
    assert places and not any(id(n) in places for n in ast.walk(copy))
