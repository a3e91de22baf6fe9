"""watch: a training loop stops at its first bad step, and the arguments are kept in a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ..array import Duck
from ..derivative.finite import finite
from ..errors import NotFiniteError, NotFiniteWarning
from ..tracing.containers import flatten
from ..wide.mode import Mode, within

MESSAGE, COUNT = "message", "count"


class watch:
    """Inside of the `with`, `watched(step, *args)` is step(*args), and stops where it goes wrong.

    Where a number of the result is inf or nan although none of the arguments was, the arguments
    (parameters, optimiser's state, batch: whatever the step is given, also by name) are written to
    `file`, and NotFiniteError names the first bad operation, its operands, and the line. Nothing
    has changed then: the arguments are still what they were, unless the step writes into them,
    which the error says. `replay` runs the step on them again. The file holds plain arrays (NumPy's
    .npz, which the name gets as its ending), no code and no other objects.

    Raises FileNotFoundError if there is no such folder.

    >>> import numpy as np, bibun, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "bad.npz"
    >>> step = lambda w, x: w - 0.1 * bibun.grad(lambda w: np.sum(np.log(w * x)))(w)
    >>> with bibun.numerics.watch(file) as watched:
    ...     w = watched(step, np.ones(2), np.array([1.0, 2.0]))
    >>> w
    array([0.9, 0.9])
    """

    def __init__(self, file: str | Path):
        file = Path(file)
        self.file = file if file.suffix == ".npz" else file.with_name(f"{file.name}.npz")
        self.steps = 0
        if not self.file.parent.is_dir():
            raise FileNotFoundError(f"watch: there is no folder {self.file.parent}")

    def __enter__(self) -> watch:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def __call__(self, step: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        sound = _sound((args, kwargs))
        result = step(*args, **kwargs)
        self.steps += 1
        if _sound(result) or not sound:
            return result
        spoiled = not _sound((args, kwargs))
        why = _explanation(getattr(step, "__wrapped__", step), args, kwargs)  # without jit
        raise NotFiniteError(
            f"step {self.steps} has results that are not finite: {why}. "
            + self._kept(flatten((args, kwargs))[0], why, spoiled)
        )

    def _kept(self, leaves: list[Any], why: str, spoiled: bool) -> str:
        """Write the arguments to the file, and say how to use it."""
        arrays = {f"leaf{k}": np.asarray(_plain(x)) for k, x in enumerate(leaves)}
        arrays = {name: a for name, a in arrays.items() if a.dtype.kind != "O"}
        facts = {MESSAGE: np.asarray(why), COUNT: np.asarray(len(leaves))}
        try:
            np.savez(self.file, **arrays, **facts)
        except OSError as error:
            return f"Its arguments could not be written to {self.file}: {error}"
        how = f"bibun.numerics.replay({str(self.file)!r}, step, *arguments like these)"
        more = "" if len(arrays) == len(leaves) else ", but for those that are no arrays"
        if spoiled:
            more += "; the step writes into them, and they are what it has left"
        return f"Its arguments are in {self.file}{more}: {how}"


def replay(file: str | Path, step: Callable[..., Any], /, *like: Any, **named: Any) -> Any:
    """What step gives for the arguments in a file that `watch` has written.

    `like` and `named` are arguments in the same containers; their numbers do not matter, only where
    they stand. What is no array is taken from them.

    Raises ValueError if the file holds other arrays than these containers have places for, or is
    none that `watch` has written.
    """
    leaves, rebuild = flatten((like, named))
    try:
        with np.load(file, allow_pickle=False) as found:
            count, kept = int(found[COUNT]), {k: found[k] for k in found.files}
    except (ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ValueError(f"replay: {file} is no file that watch has written") from error
    arrays = [kept.get(f"leaf{k}") for k in range(count)]
    shapes = [None if a is None else a.shape for a in arrays]
    fits = [s is None or np.shape(_plain(x)) == s for x, s in zip(leaves, shapes, strict=False)]
    if len(leaves) != count or not all(fits):
        raise ValueError(
            f"replay: the file holds arrays of shapes {shapes}, the arguments given have "
            f"{[np.shape(_plain(x)) for x in leaves]}"
        )
    args, kwargs = rebuild([x if a is None else a[()] for x, a in zip(leaves, arrays, strict=True)])
    return step(*args, **kwargs)


def _plain(x: Any) -> Any:
    return x.numpy() if isinstance(x, Duck) else x


def _sound(tree: Any) -> bool:
    """Whether all floats and complex numbers in containers are finite."""
    arrays = (np.asarray(_plain(x)) for x in flatten(tree)[0])
    return all(np.isfinite(a).all() if a.dtype.kind == "c" else finite(a) for a in arrays)


def _explanation(step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict) -> str:
    """What the derivatives in a step say of what is not finite."""
    with warnings.catch_warnings(record=True) as found, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        with within(Mode("warn")):
            step(*args, **kwargs)
    said = [str(w.message) for w in found if isinstance(w.message, NotFiniteWarning)]
    return said[0] if said else "no derivative is to blame, but a value"
