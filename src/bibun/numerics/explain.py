"""explain: the first operation that makes inf or nan, or loses digits, and what mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..array import Array
from ..derivative.blame import Blame, blamed, operands_at
from ..derivative.derived import case_of, execute, find
from ..derivative.gradient import Arguments, Reverse
from ..derivative.losses import losses
from ..errors import NotDifferentiableError, Position
from ..tracing.functional import Recorded, record
from ..walk import numbers
from ..wide.checks import lost
from ..wide.mode import mode
from .kinks import kinked
from .mend import Edit, Mended, mend
from .region import Program, check_values, program
from .stable import stable
from .whole import Whole, first_cancelled

MOST = 100_000
CANCELLED = "right to few digits: something in it cancels, or underflows"
STILL = "what is to be written mends it, the derivative of the whole still loses digits after that"


class Explanation(NamedTuple):
    """The first operation that goes wrong.

    `what` is "the value" or "the derivative" of it, at these `operands`, which stand at `place` of
    the array; `result` is what comes out, or in words what is wrong with it.

    `edit` is what to write instead: `edit.new` in the place of `edit.old`, by an equation; or a
    call of a function with a gradient of its own, which `edit.definition` defines, where wider
    numbers prove the derivative: near a gap 0/0 its series, where something overflows the same
    relative to a scale or by logarithms, where a branch is not taken other arguments for it. It has
    been run, and gives what is proven. `reason` says in a sentence why there is no edit.
    """

    what: str
    operation: str
    operands: tuple[Any, ...]
    result: Any
    place: tuple[int, ...]
    position: Position
    edit: Edit | None
    reason: str = ""

    def __str__(self) -> str:
        return "; ".join(str(x) for x in (Blame(*self[:6]), self.reason, self.edit) if x)


def explain(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Explanation | None:
    """The first operation of f(*args), or of its derivative, that goes wrong; or None.

    Values that are inf or nan are looked for forwards, as they are written; then cotangents
    backwards, as the rules rewrite them. Both are what floats give, without the search in wider
    numbers of `rescue`. If all are finite, it is the operation that loses digits of a derivative
    that has lost them. Inside of `with strict():` also the first one without a derivative: a kink,
    a tie, a jump; or of which nobody knows, since it has no exact numbers.

    Arguments are arrays of floats, or numbers, in any containers; f returns arrays. Named arguments
    go to f as they are. Digits are looked at in programs of up to 100,000 numbers. Raises
    DtypeError for arguments of integers, and AbstractValueError inside of `jit` and `vmap`, where
    numbers are not known.

    >>> import numpy as np, bibun
    >>> print(bibun.numerics.explain(lambda x: np.sum(1 / x), np.array([1.0, 0.0])))
    the value of divide at 1.0, 0.0 at index (1,) is inf (...: `1 / x`);
    no code can mend it: the value or the derivative does not exist there
    >>> found = bibun.numerics.explain(lambda x: np.sqrt(x + 1) - np.sqrt(x), 1e14)
    >>> found.operation, found.edit.new
    ('subtract', '(x + 1 - x) / (np.sqrt(x + 1) + np.sqrt(x))')
    >>> bibun.numerics.explain(np.sin, 1.0) is None
    True
    """
    given = Arguments(args, tuple(range(len(args))), "explain")
    recorded = record(f, given.leaves, given.place, "explain", kwargs)
    check_values(recorded, "explain")
    found, smooth = blamed(recorded), True
    if found is None and mode().strict:
        found, smooth = kinked(recorded), False
    if found is None:
        return _without_digits(recorded, len(given.leaves))
    what, entry = found
    return Explanation(*what, *_mended(program(recorded), entry, not smooth))


def _mended(ran: Program, entry: int, kinked: bool = False) -> tuple[Edit | None, str]:
    """What to write instead: an equation, or a function with its gradient; or why nothing.

    An equation after which the derivative still is not right is the second choice.
    """
    whole = Whole(ran, entry, kinked)
    equation = mend(ran.recorded, entry)
    if equation is not None and (not whole.proven or _holds(equation, ran, whole)):
        return equation.edit, ""
    found = stable(ran, entry, whole)
    if equation is not None and not found.whole:
        return equation.edit, STILL
    return found.edit, STILL if found.edit and whole.proven and not found.whole else found.reason


def _holds(equation: Mended, ran: Program, whole: Whole) -> bool:
    """Whether an equation leaves nothing to be mended."""
    root = ran.node(equation.entry)

    def other(env: list[Any]) -> Any:
        trace = env[root].scope
        i = equation.rule(trace, env[root].index)
        return env[root] if i is None else Array(trace, i, trace.values[i])

    return whole.mended(root, other)


def _without_digits(recorded: Recorded, wanted: int) -> Explanation | None:
    """The operation that loses most digits, if the derivative has lost any."""
    step = Reverse(recorded.results, wanted, True)
    try:
        derived = find(recorded, "explain", (), step, (), False)
    except NotDifferentiableError:
        return None
    _, case = case_of(recorded, "explain", (), step, ())
    floats = execute(recorded, derived, (), False)
    if (
        not case.possible
        or numbers(case.graph.nodes) > MOST
        or lost(case.attempt(), floats)[0] is None
    ):
        return None
    all_losses, ran = losses(recorded), program(recorded)
    if not all_losses:
        return _cancelled(ran)
    worst = all_losses[0]
    result = f"right to {worst.digits:.1f} digits less than they are"
    for loss in all_losses:
        edit, why = _mended(ran, loss.entry)
        if edit is not None:
            break
    where = worst.place, worst.position
    return Explanation("the value", worst.operation, worst.operands, result, *where, edit, why)


def _cancelled(ran: Program) -> Explanation | None:
    """The operation at which terms of the derivative cancel, if none of the function's do."""
    node = first_cancelled(ran)
    if node is None:
        return None
    n = ran.graph.nodes[node]
    operands = operands_at([ran.values[a] for a in n.args], (), n.type.shape)
    edit, why = _mended(ran, ran.order[node])
    where = (), ran.position(node)
    return Explanation("the derivative", n.op.name, operands, CANCELLED, *where, edit, why)
