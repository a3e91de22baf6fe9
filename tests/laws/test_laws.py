"""Every operation keeps every law, in all shapes, dtypes and layouts that the harness supplies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from . import cases, laws, rules
from .cases import Named

every_example = pytest.mark.parametrize("named", cases.examples(), ids=lambda n: n.label)


def keeps(law: Callable[[cases.Case], None], case: cases.Case | None) -> None:
    """The law holds, or the error says for which case it does not."""
    if case is None:
        return
    try:
        law(case)
    except AssertionError as error:
        raise AssertionError(f"{case.label}: {error}") from None


def test_examples_can_be_made() -> None:
    for op in cases.operations():
        assert list(op.examples()), f"{op.__name__} has no examples"


@every_example
def test_types(named: Named) -> None:
    keeps(laws.type_rule, cases.base(named))
    for case in (
        *cases.shapes(named),
        *cases.layouts(named),
        *cases.dtypes(named, (*cases.FLOATS, "i8", "i4", "?")),
    ):
        keeps(laws.type_rule, case)


@every_example
def test_push_is_the_derivative(named: Named) -> None:
    for case in (cases.base(named), *cases.shapes(named), *cases.dtypes(named)):
        keeps(laws.push_is_the_derivative, case)


@every_example
def test_pull_is_the_transpose_of_push(named: Named) -> None:
    for case in (cases.base(named), *cases.shapes(named), *cases.dtypes(named)):
        keeps(laws.pull_is_the_transpose, case)


@every_example
def test_rules_can_be_traced(named: Named) -> None:
    for case in (cases.base(named), *cases.shapes(named), *cases.dtypes(named)):
        keeps(laws.rules_can_be_traced, case)


@every_example
def test_second_derivatives(named: Named) -> None:
    for case in (cases.base(named), cases.stacked(named, (2,))):
        keeps(laws.second_derivatives, case)


@every_example
def test_structural_zeros(named: Named) -> None:
    for case in (cases.base(named), cases.stacked(named, (2,))):
        keeps(laws.structural_zeros, case)


@every_example
def test_batch_is_a_loop(named: Named) -> None:
    for case in (cases.base(named), cases.stacked(named, (2,)), *cases.dtypes(named)):
        keeps(laws.batch_is_a_loop, case)


@every_example
def test_graph_is_sound(named: Named) -> None:
    keeps(laws.graph_is_sound, cases.base(named))


def keys() -> list[str]:
    """The structural keys of all operations on their examples."""
    return [rules.op_graph(cases.base(n)).key for n in cases.examples()]


def test_keys_are_the_same_in_another_process() -> None:
    program = "from tests.laws.test_laws import keys; print(*keys())"
    other = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert other == keys()
