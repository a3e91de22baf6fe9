"""While a function is compiled, Python collects less often; afterwards as the user has said."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

import bibun
from bibun.native.collector import SELDOM, seldom


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[tuple[int, ...]]:
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


def test_it_is_seldom_inside_alone(thresholds):
    with seldom():
        with pytest.raises(KeyError), seldom():
            raise KeyError
        assert gc.get_threshold()[0] == SELDOM  # the outer one is not over
    assert gc.get_threshold() == thresholds


@pytest.mark.parametrize("first", [0, SELDOM + 1])
def test_who_collects_seldom_or_never_is_left_alone(first):
    gc.set_threshold(first, 5)
    before = gc.get_threshold()
    with seldom():
        assert gc.get_threshold() == before
    assert gc.get_threshold() == before


def test_what_others_set_meanwhile_stays():
    with seldom():
        gc.set_threshold(123, 4)
    assert gc.get_threshold()[:2] == (123, 4)


def test_functions_are_compiled_in_it(thresholds):
    seen = []

    def f(x):
        seen.append(gc.get_threshold()[0])
        return np.sum(x * x)

    assert bibun.jit(f)(np.ones(3)) == 3
    assert seen == [SELDOM] and gc.get_threshold() == thresholds
