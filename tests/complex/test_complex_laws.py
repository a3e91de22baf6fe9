"""The laws hold for complex arguments, for every operation whose type rule lets them in.

Truth is the limit of differences along complex directions, and the pairing Re(g t).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ..laws import cases, laws
from ..laws.cases import Case, Named
from ..laws.test_laws import keeps


def with_imaginary_part(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """a with a small imaginary part: off the branch cuts, Hermitian where a is symmetric."""
    b = rng.uniform(0.2, 0.5, a.shape) * rng.choice([-1, 1], a.shape)
    square = a.ndim > 1 and a.shape[-1] == a.shape[-2]
    if square and np.array_equal(a, np.swapaxes(a, -1, -2)):
        b = (b - np.swapaxes(b, -1, -2)) / 2
    return cases.frozen(a + 1j * b)


def complex_case(case: Case, dtype: type) -> Case | None:
    """The case with complex numbers for all floats; None where the operation refuses them."""
    if not any(case.wanted) or case.op.name == "hermitianeigh":  # its phases are arbitrary
        return None
    rng = cases.generator(f"{case.label} complex")
    args = tuple(
        cases.frozen(with_imaginary_part(a, rng).astype(dtype)) if w else a
        for a, w in zip(case.args, case.wanted, strict=True)
    )
    return cases.accepted(case._replace(label=f"{case.label} {np.dtype(dtype)}", args=args))


def all_cases() -> Iterator[tuple[str, Case]]:
    for named in cases.examples():
        case = complex_case(cases.base(named), np.complex128)
        if case is not None:
            yield case.label, case
            yield case.label + " stacked", _stacked(named)


def _stacked(named: Named) -> Case | None:
    return complex_case(cases.stacked(named, (2,)), np.complex128)


LAWS = (
    laws.type_rule,
    laws.push_is_the_derivative,
    laws.pull_is_the_transpose,
    laws.rules_can_be_traced,
    laws.second_derivatives,
    laws.structural_zeros,
    laws.batch_is_a_loop,
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("case", [pytest.param(c, id=i) for i, c in all_cases()])
def test_law(case: Case | None, law) -> None:
    keeps(law, case)
