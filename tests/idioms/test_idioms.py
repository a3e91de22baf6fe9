"""Every idiom has the right first and second derivatives, by grad, hessian, jvp, vmap and tape; or
an error whose exact words are known.
"""

import re
from collections.abc import Callable

import numpy as np
import pytest

from bibun import GradientTape, Variable, checkpoint, grad, hessian, jvp, vmap
from bibun.errors import AbstractValueError, BibunError

from . import truth
from .suite import Idiom, idioms

ALL = idioms()
RIGHT, REFUSED = [i for i in ALL if not i.error], [i for i in ALL if i.error]
VALUES = "needs the value of an array|the shape depends on|shape that depends on the values"


def each(listed: list[Idiom]) -> Callable:
    return pytest.mark.parametrize("i", listed, ids=lambda i: f"{i.theme}-{i.name}")


@each(RIGHT)
def test_first_derivatives(i: Idiom) -> None:
    expected, close = truth.gradient(i.f, i.x)
    np.testing.assert_allclose(grad(i.f)(i.x), expected, **close)
    np.testing.assert_allclose(jvp(i.f, (i.x,), (i.v,))[1], expected @ i.v, **close)


@each(RIGHT)
def test_second_derivatives(i: Idiom) -> None:
    expected = truth.curvature(i.f, i.x, i.v)
    close = {"rtol": 1e-6, "atol": 1e-7}  # second differences: h loses twice the digits
    along = grad(lambda x: np.sum(grad(i.f)(x) * i.v))(i.x)
    np.testing.assert_allclose(along, expected, **close)
    np.testing.assert_allclose(hessian(i.f)(i.x) @ i.v, expected, **close)


@each(RIGHT)
@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")  # see caught_exception
def test_vmap(i: Idiom) -> None:
    several = np.stack([i.x, i.x + 0.01 * i.v, i.x - 0.02 * i.v])
    values, slopes = ([f(x) for x in several] for f in (i.f, grad(i.f)))
    if not i.looks:  # the sums of a batch may be taken in another order
        np.testing.assert_allclose(vmap(i.f)(several), values, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(vmap(grad(i.f))(several), slopes, rtol=1e-9, atol=1e-11)
        return
    if i.name == "caught_exception":  # math.log has no values that it could refuse: nan, not wrong
        assert np.isnan(vmap(i.f)(several)).all()
        assert np.isnan(vmap(grad(i.f))(several)[:, 0]).all()
        return
    with pytest.raises(AbstractValueError, match=VALUES):
        vmap(i.f)(several)


@each(RIGHT)
def test_tape(i: Idiom) -> None:
    x = Variable(i.x)
    with GradientTape() as tape:
        y = checkpoint(i.f)(x)  # the names in a function under a transform are bound anew
    expected = grad(i.f)(i.x)
    np.testing.assert_allclose(tape.gradient(y, x), expected, rtol=1e-9, atol=1e-11)


@each(RIGHT)
def test_tape_without_a_transform(i: Idiom) -> None:
    """Code in the block itself runs as Python runs it: right, or an error, but never wrong."""
    x = Variable(i.x)
    try:
        with GradientTape() as tape:
            y = i.f(x)
    except (BibunError, TypeError, ValueError):
        return
    expected = grad(i.f)(i.x)
    np.testing.assert_allclose(tape.gradient(y, x), expected, rtol=1e-9, atol=1e-11)


@each(REFUSED)
def test_words_of_errors(i: Idiom) -> None:
    here = r"\(.*\.py:\d+: `"
    with pytest.raises(BibunError, match=f"^{re.escape(i.error)}.*{here}"):
        grad(i.f)(i.x)


def test_shares() -> None:
    names = [i.name for i in idioms()]
    assert len(set(names)) == len(names) >= 120
    assert len(REFUSED) <= 0.03 * len(ALL)
