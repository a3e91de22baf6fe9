"""Difficult gradients from reports: each is right by grad, by a tape, and rescued under jit."""

import warnings

import numpy as np
import pytest

from benchmarks import zoo
from benchmarks.zoo_cases import CASES

pytest.importorskip("mpmath")


def right(case, gradients):
    """Whether gradients are those of a case, or at a kink between its sides."""
    g = np.concatenate([np.ravel(x) for x in gradients]).astype(float)
    e = np.concatenate([np.ravel(x) for x in case["expected"]])
    if case["rule"] == "undefined":
        return not np.isfinite(g).all()
    with np.errstate(invalid="ignore"):  # inf - inf
        near = abs(g - e) <= case["rtol"] * abs(e) + case["atol"]
    if case["rule"] == "subgrad":
        low, high = (np.broadcast_to(np.ravel(case[k]), e.shape) for k in ("lo", "hi"))
        near |= (low - 1e-6 <= g) & (g <= high + 1e-6)  # bounds are rounded in their last digits
    return bool(np.where(np.isinf(e), g == e, near).all())


def found(how, case):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return how(case["fn"], *zoo.make()[:2], case["args"], case["wrt"])[1]


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_gradients_are_right(case):
    assert right(case, found(zoo.functional, case))


@pytest.mark.parametrize("how", [zoo.tape, zoo.jit_rescue])
def test_other_transforms_agree(how):
    wrong = [c["id"] for c in CASES[::7] if not right(c, found(how, c))]
    assert not wrong


def test_floats_alone_are_often_wrong():
    """The cases are difficult: without the rescue a third of them is not right."""
    with zoo.rescue(False):
        wrong = [c["id"] for c in CASES if not right(c, found(zoo.functional, c))]
    assert len(wrong) > len(CASES) / 3
