"""watch: a training loop stops at its first bad step, and the arguments are kept in a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..array import Duck
from ..derivative.finite import finite
from ..errors import NotFiniteError, NotFiniteWarning
from ..tracing.containers import flatten
from ..wide.mode import Mode, within

MESSAGE = "message"


class watch:
    """Inside of the `with`, `watched(step, *args)` is step(*args), and stops where it goes wrong.

    Where a number of the result is inf or nan although none of the arguments is, the arguments
    (parameters, optimiser's state, batch: whatever the step is given) are written to `file`, and
    NotFiniteError names the first bad operation, its operands, and the line. Nothing has changed
    then: the arguments are still what they were. `replay` runs the step on them again. The file
    holds plain arrays (NumPy's .npz), no code.

    >>> import numpy as np, bibun, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "bad.npz"
    >>> step = lambda w, x: w - 0.1 * bibun.grad(lambda w: np.sum(np.log(w * x)))(w)
    >>> with bibun.numerics.watch(file) as watched:
    ...     w = watched(step, np.ones(2), np.array([1.0, 2.0]))
    >>> w
    array([0.9, 0.9])
    """

    def __init__(self, file: str | Path):
        self.file, self.steps = Path(file), 0

    def __enter__(self) -> watch:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def __call__(self, step: Callable[..., Any], *args: Any) -> Any:
        result = step(*args)
        self.steps += 1
        if _sound(result) or not _sound(args):
            return result
        why = _explanation(getattr(step, "__wrapped__", step), args)  # without jit
        leaves = {f"leaf{k}": np.asarray(_plain(x)) for k, x in enumerate(flatten(args)[0])}
        np.savez(self.file, **leaves, **{MESSAGE: np.asarray(why)})
        raise NotFiniteError(
            f"step {self.steps} has results that are not finite: {why}. Its arguments are in "
            f"{self.file}: bibun.numerics.replay({str(self.file)!r}, step, *arguments like these)"
        )


def replay(file: str | Path, step: Callable[..., Any], *like: Any) -> Any:
    """What step gives for the arguments in a file that `watch` has written.

    `like` are arguments in the same containers; their numbers do not matter, only where they stand.

    Raises ValueError if the file holds other arrays than these containers have places for.
    """
    leaves, rebuild = flatten(like)
    with np.load(file, allow_pickle=False) as found:
        kept = [found[f"leaf{k}"] for k in range(len(found.files) - 1)]
    fits = [np.shape(_plain(x)) == y.shape for x, y in zip(leaves, kept, strict=False)]
    if len(kept) != len(leaves) or not all(fits):
        raise ValueError(
            f"replay: the file holds arrays of shapes {[y.shape for y in kept]}, the arguments "
            f"given have {[np.shape(_plain(x)) for x in leaves]}"
        )
    return step(*rebuild([y[()] for y in kept]))


def _plain(x: Any) -> Any:
    return x.numpy() if isinstance(x, Duck) else x


def _sound(tree: Any) -> bool:
    """Whether all floats in containers are finite."""
    return all(finite(np.asarray(_plain(x))) for x in flatten(tree)[0])


def _explanation(step: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """What the derivatives in a step say of what is not finite."""
    with warnings.catch_warnings(record=True) as found, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        with within(Mode("warn")):
            step(*args)
    said = [str(w.message) for w in found if isinstance(w.message, NotFiniteWarning)]
    return said[0] if said else "no derivative is to blame, but a value"
