"""What goes wrong, said so that the reader can mend it: what was given, what is needed, where.

Every message that bibun raises while user code runs ends with the user's own file and line.
"""

from __future__ import annotations

import dis
import inspect
import linecache
import sys
from functools import lru_cache
from pathlib import Path
from threading import local
from types import CodeType, FrameType
from typing import Any, NamedTuple

PACKAGE = str(Path(__file__).parent)


LIBRARIES = ("numpy", "scipy", "optree")  # whose frames are not the user's


class Said(local):
    """How many warnings this thread has had from us, while something was traced or otherwise."""

    count = 0


said = Said()


class BibunError(Exception):
    """The base of all errors that bibun raises itself; they also are TypeError or ValueError."""

    def __init__(self, message: str):
        where = user_position()
        super().__init__(f"{message}  ({where})" if where else message)


class TracingError(BibunError, TypeError):
    """Plain Python or NumPy was about to take the number out of a traced array.

    The derivative would be lost there without a word: `float(x)`, `math.sin(x)`, `x.item()`,
    `np.array([x, y])` and writing a traced value into a plain array all do it. The message names
    the line and what to write instead (`np.sin(x)`, `np.stack([x, y])`, `np.where`, ...).
    """


class AbstractValueError(TracingError):
    """The value of an array was asked for where only its shape and dtype are known.

    Inside `vmap`, in the gradient function of a `custom_gradient` and in the bodies of `cond`,
    `while_loop` and `scan`, arrays stand for many values at once. Use `np.where` or `bibun.cond`
    instead of `if`, `bibun.while_loop` instead of `while`, and array operations,
    `bibun.fori_loop` or `bibun.scan` instead of loops over values.
    """


class UnhashableError(BibunError, TypeError):
    """A traced number was about to become a key of a set or a dict, which keeps values only."""


class UnsupportedError(BibunError, TypeError):
    """bibun does not know this NumPy or SciPy function, or not with these options."""


class NotDifferentiableError(BibunError, TypeError):
    """A derivative was asked of something that has none, such as an integer or a string."""


class ForeignError(NotDifferentiableError):
    """An operand is of a class that gives the operators of arrays a meaning of its own.

    `x * y` leaves it to the class of y then, as NumPy does (NEP 13).
    """


class ShapeError(BibunError, ValueError):
    """The shapes do not fit. The message shows all of them and the rule they have to follow."""


class DtypeError(BibunError, TypeError):
    """The dtypes do not fit, for example the gradient with respect to an integer array."""


class EscapedError(BibunError, TypeError):
    """A traced array was used after the function that it belongs to had returned.

    It was stored somewhere (a global, an attribute, a list) by a function under an inner `grad`,
    `vmap`, ..., and the derivative would be lost. Return it (`has_aux=True`) instead.
    """


class TapeError(BibunError, RuntimeError):
    """A tape was asked for something that it did not record, or for a second gradient."""


class UnconnectedWarning(UserWarning):
    """The gradient is zero because no path leads from the source to the target."""


class NotFiniteWarning(RuntimeWarning):
    """A result is inf or nan although no argument is nan, and wider numbers do not help either.

    `bibun.numerics.rescue(False)` switches the search for it, and this warning, off.
    """


class LostDigitsWarning(RuntimeWarning):
    """A derivative is finite, and most of its digits are wrong.

    They cancelled, or it is that of a single point that a `where` picks out. Under `jit` this is
    only said; `with bibun.numerics.rescue(True):` mends it, and `rescue(False)` looks at nothing.
    Or it may be wrong: it is put together of conventions at kinks, and nobody could look around.
    """


class NotFiniteError(BibunError, FloatingPointError):
    """A step under `numerics.watch` has results that are inf or nan.

    Its arguments are in a file: `numerics.replay` runs the step on them again.
    """


class Position(NamedTuple):
    """A place in the user's code; the line is looked up only when it is shown."""

    code: CodeType
    offset: int

    @property
    def file(self) -> str:
        return self.code.co_filename

    @property
    def line(self) -> int:
        return _span(self.code, self.offset)[0] or self.code.co_firstlineno

    @property
    def source(self) -> str:
        """The expression itself, or its line where Python knows no columns."""
        line, end, column, end_column = _span(self.code, self.offset)
        text = linecache.getline(self.file, line) if line else ""
        if line == end and column is not None and end_column is not None:
            text = text.encode()[column:end_column].decode(errors="replace")
        return text.strip()

    @property
    def expression(self) -> str:
        """The expression itself, also over several lines; empty where Python knows no columns."""
        line, end, column, end_column = _span(self.code, self.offset)
        if line is None or end is None or column is None or end_column is None:
            return ""
        lines = [linecache.getline(self.file, k).encode() for k in range(line, end + 1)]
        lines[-1] = lines[-1][:end_column]
        lines[0] = lines[0][column:]
        return b"".join(lines).decode(errors="replace")

    def __str__(self) -> str:
        source = self.source
        return f"{Path(self.file).name}:{self.line}" + (f": `{source}`" if source else "")


@lru_cache(maxsize=4096)
def _span(code: CodeType, offset: int) -> tuple[int | None, int | None, int | None, int | None]:
    positions = list(code.co_positions())
    return positions[offset // 2] if 0 <= offset // 2 < len(positions) else (None,) * 4


def unmask(error: BaseException | None, traceback: Any) -> None:
    """Raise our error where NumPy has replaced it by one of its own, as for `a[0] = traced`."""
    cause = error.__cause__ if isinstance(error, ValueError | TypeError) else None
    if isinstance(cause, BibunError) and not isinstance(error, BibunError):
        raise cause.with_traceback(traceback) from None


def user_frame() -> FrameType | None:
    """The innermost frame that is neither bibun's nor a library's that bibun was called through."""
    frame: FrameType | None = sys._getframe(1)
    found = None
    while frame is not None:
        file = frame.f_code.co_filename
        if not _internal(file):
            found = found or frame
            if not file.startswith("<string") or linecache.getline(file, 1):
                return frame
        frame = frame.f_back  # also out of what a dataclass has generated, which has no lines
    return found


@lru_cache(maxsize=4096)
def _internal(file: str) -> bool:
    return file.startswith((PACKAGE, "<__array_function__", "<frozen")) or any(
        f"/{library}/" in file for library in LIBRARIES
    )


class Internal(dict):
    """Whether a file belongs to bibun (or to what calls the user's code for it)."""

    def __missing__(self, file: str) -> bool:
        answer = self[file] = _internal(file)
        return answer


INTERNAL = Internal()


def foretold(depth: int, depths: list[int]) -> tuple | None:
    """The code and the instruction at which the user's code stands, if that is where it was.

    That is `depth` frames away, as Trace._position counts them; then `depths` is told so.
    """
    try:
        inner = sys._getframe(depth - 1)
    except ValueError:  # it was a deeper stack
        return None
    frame = inner.f_back
    if frame is None or INTERNAL[frame.f_code.co_filename]:
        return None
    if not INTERNAL[inner.f_code.co_filename]:
        return None  # code of the user's is nearer
    depths.append(depth)
    return frame.f_code, frame.f_lasti


def user_position() -> Position | None:
    """Where the user's code stands now."""
    frame = user_frame()
    return Position(frame.f_code, frame.f_lasti) if frame else None


def called(f: Any) -> str:
    """The name of a user's function, with its file and line where it has them."""
    name, code = getattr(f, "__name__", None), getattr(inspect.unwrap(f), "__code__", None)
    name = name or type(f).__name__
    return name if code is None else f"{name} ({Path(code.co_filename).name}:{code.co_firstlineno})"


def user_instruction() -> str:
    """The bytecode instruction at which the user's code stands, such as STORE_SUBSCR or CALL."""
    frame = user_frame()
    if frame is None:
        return ""
    return next(
        (i.opname for i in dis.get_instructions(frame.f_code) if i.offset == frame.f_lasti), ""
    )


IN_TAPE = (
    ". The block of a tape runs as Python runs it: in a function f, called as "
    "bibun.checkpoint(f)(x), such code is traced as it is"
)


def conversion_error(how: str, in_tape: bool = False) -> TracingError:
    """The error for a traced array that is about to become a plain number or a plain array."""
    aside = IN_TAPE if in_tape else ""
    where = user_position()
    source = where.source if where else ""
    if user_instruction() in ("STORE_SUBSCR", "STORE_SLICE"):  # y[0] = x; y[:] = x since 3.12
        return TracingError(
            "assignment of a traced array into an untraced array would lose its derivative: "
            "make the array of floating-point numbers inside the function (np.zeros, x.copy()), or "
            "build it with np.stack, np.concatenate or np.where instead" + aside
        )
    if how == "__array__" and (name := _scipy_function()):
        return TracingError(
            f"scipy's {name} takes plain arrays only and would lose the derivative: use a function "
            "of bibun.scipy or of the table of supported operations, or bibun.custom_gradient"
        )
    if how == "__array__":
        return TracingError(
            "a traced array cannot become a plain NumPy array without losing its derivative: "
            "write np.stack([...]) instead of np.array([...]), and leave out np.asarray" + aside
        )
    if source.startswith("math."):
        name = source.partition("(")[0].removeprefix("math.")
        return TracingError(
            f"math.{name} needs a plain number and would lose the derivative of a traced array: "
            f"write np.{name} instead{aside}"
        )
    return TracingError(
        f"{how} needs a plain number and would lose the derivative of a traced array: "
        "keep the array (NumPy functions accept it), or use bibun.stop_gradient(x) to take its "
        f"value{aside}"
    )


def _scipy_function() -> str:
    """The SciPy function that the user's code has called, if that is where we are."""
    frame: FrameType | None = sys._getframe(1)
    name = ""
    while frame is not None and _internal(frame.f_code.co_filename):
        if "/scipy/" in frame.f_code.co_filename:
            name = frame.f_code.co_name
        frame = frame.f_back
    return name
