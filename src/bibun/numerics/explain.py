"""explain: the first operation that makes inf or nan, or loses digits, and what mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..derivative.blame import Blame, blamed
from ..derivative.derived import case_of, execute, find
from ..derivative.gradient import Arguments, Reverse
from ..derivative.losses import losses
from ..errors import NotDifferentiableError, Position
from ..tracing.functional import Recorded, record
from ..wide.checks import lost
from ..wide.mode import mode
from .kinks import kinked
from .mend import Edit, mend


class Explanation(NamedTuple):
    """The first operation that goes wrong.

    `what` is "the value" or "the derivative" of it, at these `operands`, which stand at `place` of
    the array; `result` is what comes out, or in words what is wrong with it. `edit` is what to
    write instead (`edit.new`, in the place of `edit.old`), where an equation is known.
    """

    what: str
    operation: str
    operands: tuple[Any, ...]
    result: Any
    place: tuple[int, ...]
    position: Position
    edit: Edit | None

    def __str__(self) -> str:
        line = str(Blame(*self[:6]))
        return f"{line}; {self.edit}" if self.edit else line


def explain(f: Callable[..., Any], *args: Any) -> Explanation | None:
    """The first operation of f(*args), or of its derivative, that goes wrong; or None.

    Values that are inf or nan are looked for forwards, as they are written; then cotangents
    backwards, as the rules rewrite them. Both are what floats give, without the search in wider
    numbers of `rescue`. If all are finite, it is the operation that loses digits of a derivative
    that has lost them. Inside of `with strict():` also the first one without a derivative: a kink,
    a tie, a jump; or of which nobody knows, since it has no exact numbers.

    Arguments are arrays of floats, or numbers, in any containers; f returns arrays. Raises
    DtypeError for arguments of integers.

    >>> import numpy as np, bibun
    >>> print(bibun.numerics.explain(lambda x: np.sum(1 / x), np.array([1.0, 0.0])))
    the value of divide at 1.0, 0.0 at index (1,) is inf (...: `1 / x`)
    >>> found = bibun.numerics.explain(lambda x: np.sqrt(x + 1) - np.sqrt(x), 1e14)
    >>> found.operation, found.edit.new
    ('subtract', '(x + 1 - x) / (np.sqrt(x + 1) + np.sqrt(x))')
    >>> bibun.numerics.explain(np.sin, 1.0) is None
    True
    """
    given = Arguments(args, tuple(range(len(args))), "explain")
    recorded = record(f, given.leaves, given.place, "explain", {})
    found = blamed(recorded)
    if found is None and mode().strict:
        found = kinked(recorded)
    if found is None:
        return _without_digits(recorded, len(given.leaves))
    what, entry = found
    return Explanation(*what, mend(recorded, entry))


def _without_digits(recorded: Recorded, wanted: int) -> Explanation | None:
    """The operation that loses most digits, if the derivative has lost any."""
    step = Reverse(recorded.results, wanted, True)
    try:
        derived = find(recorded, "explain", (), step, (), False)
    except NotDifferentiableError:
        return None
    _, case = case_of(recorded, "explain", (), step, ())
    floats = execute(recorded, derived, (), False)
    if not case.possible or lost(case.attempt(), floats) is None:
        return None
    all_losses = losses(recorded)
    if not all_losses:
        return None
    worst = all_losses[0]
    result = f"right to {worst.digits:.1f} digits less than they are"
    edits = (mend(recorded, loss.entry) for loss in all_losses)
    edit = next((e for e in edits if e is not None), None)
    where = worst.place, worst.position
    return Explanation("the value", worst.operation, worst.operands, result, *where, edit)
