"""The laws can fail: every wrong rule that can be told from the right one is rejected."""

from __future__ import annotations

from . import cases, mutants
from .cases import Named
from .test_laws import every_example


@every_example
def test_mutants_are_killed(named: Named) -> None:
    case = cases.base(named)
    found = list(mutants.mutants(case))
    survivors = [m.label for m in found if not m.excuse and not mutants.killed(m)]
    assert found, f"{named.label}: nothing to mutate"
    assert not survivors, f"{named.label}: the laws accept wrong rules: {'; '.join(survivors)}"
