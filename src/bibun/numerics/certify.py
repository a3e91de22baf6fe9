"""certify: a value and its gradient with the digits that are proven, and where digits are lost."""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from typing import Any, NamedTuple

import numpy as np

from ..derivative.conventions import check_scalar
from ..derivative.derived import Derived, execute, find
from ..derivative.gradient import Arguments, Reverse
from ..derivative.losses import Loss, in_balls, losses
from ..errors import UnsupportedError
from ..tracing.containers import flatten
from ..tracing.functional import Recorded, record
from ..walk import numbers
from ..wide.balls import balls, precision
from ..wide.proof import Proof, number, proof
from ..wide.rescue import PRECISIONS
from .conditions import Condition, conditions
from .region import check_values

MOST = 1_000_000
SHOWN, LARGE = 3, 100.0
"""How many conditions are shown, and from which on."""
NO_PROOF = Proof("nothing")


class Certificate(NamedTuple):
    """What is proven of a value and its gradient.

    `value` and `gradient` are the floats next to what balls prove; nan, where they prove nothing.
    `value_digits` and `gradient_digits` say of how many digits plain floats are right, for each
    number: 0 where they are wrong or nothing is proven. `losses` are the operations of the function
    that lose more than a digit, the worst first; `without` names the operations without balls.
    `conditions` are the condition numbers of the operations on elements and along axes, the worst
    first: by how much they can enlarge relative errors.
    """

    value: Any
    gradient: Any
    value_digits: Any
    gradient_digits: Any
    losses: list[Loss]
    without: list[str]
    conditions: list[Condition]

    @property
    def proven(self) -> bool:
        """Whether all numbers are."""
        return not self.without and not self.open

    @property
    def open(self) -> int:
        """How many numbers are not proven."""
        return sum(int(np.isnan(x).sum()) for x in flatten((self.value, self.gradient))[0])

    def __str__(self) -> str:
        lines = [f"value {self.value} ({np.min(self.value_digits):.1f} digits in floats)"]
        lines += [f"gradient {self.gradient} (digits in floats: {self.gradient_digits})"]
        lines += [f"not proven: {self.open} of these numbers (nan)"] if self.open else []
        lines += map(str, self.losses)
        lines += [str(c) for c in self.conditions[:SHOWN] if c.number > LARGE]
        lines += [f"no balls: {', '.join(self.without)}"] if self.without else []
        return "\n".join(lines)


def certify(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Certificate:
    """The value and the gradient of f(*args), proven, and how many digits of floats are right.

    Balls of 128, 512 and 2,048 bits run the program as it is written (Johansson, Arb: efficient
    arbitrary-precision midpoint-radius interval arithmetic, IEEE Transactions on Computers 66,
    2017). The gradient is by all arguments: of one, in its container, of several a tuple. A
    derivative that is a limit, or a convention at a kink, is none that balls can prove.

    Arguments are arrays of floats, or numbers, in any containers; f returns one real number. Named
    arguments go to f as they are. Of arguments that are not finite, and of complex numbers, nothing
    is proven; the rule of a `custom_gradient` is taken at its word.

    Raises DtypeError for arguments of integers, NotDifferentiableError if f returns no single
    number, UnsupportedError for a program of more than a million numbers, and AbstractValueError
    inside of `jit` and `vmap`, where numbers are not known.

    >>> import numpy as np, bibun
    >>> found = bibun.numerics.certify(lambda x: (1 - np.cos(x)) / x**2, 1e-4)
    >>> found.gradient
    np.float64(-8.333333327777778e-06)
    >>> bool(found.gradient_digits < 10)
    True
    """
    given = Arguments(args, tuple(range(len(args))), "certify")
    recorded = record(f, given.leaves, given.place, "certify", kwargs)
    check_values(recorded, "certify")
    check_scalar(recorded, "certify", False)
    step = Reverse(1, len(given.leaves), True)
    derived = find(recorded, "grad", (), step, (), False)
    if (size := numbers(derived.graph.nodes)) > MOST:
        raise UnsupportedError(
            f"certify: {size} numbers are more than are proven within minutes "
            f"({MOST}): certify a smaller part, or fewer examples"
        )
    floats = execute(recorded, derived, (), False)
    proofs, without = _proofs(derived, recorded)
    found = [_of(y, p) for y, p in zip(floats, proofs, strict=True)]
    (value, value_digits), *rest = found
    gradient, digits = [g for g, _ in rest], [d for _, d in rest]
    single = len(args) == 1

    def shaped(leaves: list[Any]) -> Any:
        pieces = given.pieces(leaves)
        return pieces[0] if single else tuple(pieces)

    more = losses(recorded), without, conditions(recorded)
    return Certificate(value, shaped(gradient), value_digits, shaped(digits), *more)


def _proofs(derived: Derived, recorded: Recorded) -> tuple[list[list[Proof]], list[str]]:
    """What balls prove of each number of the results, and which operations have none."""
    args = [np.asarray(recorded.outside(i).raw) for i in derived.sources]
    best = [[NO_PROOF] * int(np.prod(t.shape)) for t in derived.graph.output_types]
    without: list[str] = []
    if any(t.dtype.kind == "c" for _, n in derived.graph for t in n.types):
        return best, ["complex numbers"]
    given = [*args, *(np.asarray(a.raw) for a in recorded.given)]
    if not all(np.isfinite(a).all() for a in given if a.dtype.kind == "f"):
        return best, []
    for bits in PRECISIONS:
        with precision(bits):
            library = balls(lambda values: None)
            env, without = in_balls(derived.graph, args, library)
            for k, o in enumerate(derived.graph.outputs):
                if env[o] is not None:
                    found = [proof(e) for e in np.ravel(np.asarray(env[o], object))]
                    best[k] = [_better(*p) for p in zip(best[k], found, strict=True)]
        if all(p.kind in ("number", "infinite") for row in best for p in row):
            break
    return best, without


def _better(old: Proof, new: Proof) -> Proof:
    return old if old.kind in ("number", "infinite") else new


def _of(floats: Any, proofs: list[Proof]) -> tuple[Any, Any]:
    """The numbers that are proven, and of how many digits the floats are right."""
    floats = np.asarray(floats)
    value = np.full(floats.shape, np.nan, floats.dtype)
    digits = np.zeros(floats.shape)
    most = -log10(np.finfo(floats.dtype).eps / 2)
    for k, (x, p) in enumerate(zip(floats.ravel(), proofs, strict=True)):
        if p.kind not in ("number", "infinite"):
            continue
        value.ravel()[k] = number(p.value, floats.dtype)
        digits.ravel()[k] = _digits(x, p, most)
    return value[()], digits[()]


def _digits(x: Any, p: Proof, most: float) -> float:
    if p.kind == "infinite" or not np.isfinite(x):
        return most if x == p.value else 0.0
    with precision(PRECISIONS[-1]):
        error = abs(p.value - float(x))
        if error.is_zero() or not abs(p.value) > 0:
            return most if error.is_zero() else 0.0
        relative = float(error / abs(p.value))
    return min(most, max(0.0, -log10(relative))) if relative > 0 else most
