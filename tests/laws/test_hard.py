"""Every operation keeps the laws of hard points."""

from __future__ import annotations

import pytest

from . import cases, hard
from .cases import Named
from .rules import result_types
from .test_laws import every_example, keeps

SCALAR = [n for n in cases.examples() if n.scalar and any(cases.base(n).wanted)]


@pytest.mark.parametrize("named", SCALAR, ids=lambda n: n.label)
def test_hard_numbers(named: Named) -> None:
    for dtype in cases.FLOATS[1:]:
        case = cases.in_dtype(cases.base(named), dtype)
        if case and any(t.dtype.kind == "c" for t in (*case.types, *result_types(case))):
            continue  # the hard numbers and their truth are real
        keeps(hard.element_wise, case and hard.points(case, dtype))


@every_example
def test_degenerate_arrays(named: Named) -> None:
    for case in hard.degenerate(cases.base(named)):
        keeps(hard.rules_survive, case)
