"""Every operation that C++ knows, by itself: its value and its derivative are Python's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bibun.array import bind
from bibun.errors import BibunError
from bibun.export.files import Case
from bibun.export.functions import exported
from bibun.export.header import Header, Style
from bibun.export.lowered import lowered
from bibun.ops.decomposition import Eigh
from bibun.ops.eigenvalues import Eig
from bibun.ops.hermitian import HermitianEigh
from bibun.ops.linalg import Factors
from bibun.ops.svd import SVD
from bibun.ops.transcendental import SPECIAL

from ..laws import cases
from .driver import OPTIONS, results
from .random import compared

VECTORS = (Eigh, HermitianEigh, Eig, SVD)
FAST = [o for o in OPTIONS if o != "-O1"]


# SciPy's functions with parameters, of which exported headers have no text.
WITHOUT_TEXT = {f"bibun.ops.{name}" for name in (*SPECIAL, "remainders")} - {"bibun.ops.special"}


def home(label: str) -> str:
    """The file of the operation of an example."""
    op = next(n.example.op for n in cases.examples() if n.label == label)
    return getattr(op, "home", "") or type(op).__module__


def called(op: Any, *args: Any) -> Any:
    """The result; of vectors whose sign is anybody's choice, their squares and their product."""
    y = bind(op, *args)
    if isinstance(op, VECTORS):
        u, v = (y[0], y[2].T) if isinstance(op, SVD) else (y[1], y[1])
        return y[0] ** 2, y[1] ** 2, v**2, u[:, :1] * v[:, 0]
    return y


def case(number: int, named: cases.Named) -> Case | None:
    """An example as a header: value and tangent, or the value where there are no floats."""
    _, op, args, _ = cases.base(named)
    floats = [k for k, x in enumerate(args) if x.dtype.kind == "f"]
    name = f"operation_{number}"
    if isinstance(op, Factors):  # which are bits that only Solve reads
        return None
    given = exported(lambda *xs: called(op, *xs), args, floats, "jvp" if floats else "value")
    try:
        code = lowered(name, given, "libm")
        return Header(name, code, Style("operations", False, False, [])), given
    except BibunError:
        return None


def test_all_operations(tmp_path: Path) -> None:
    made = {named.label: case(k, named) for k, named in enumerate(cases.examples())}
    known = {label: one for label, one in made.items() if one is not None}
    ours = [label for label in made if home(label) not in WITHOUT_TEXT]
    missing = [label for label in ours if label not in known]
    assert len(missing) < 0.15 * len(ours), missing
    found = results(list(known.values()), tmp_path, FAST)
    wrong = {
        label: problem
        for (label, one), arrays in zip(known.items(), found, strict=True)
        if (problem := compared(one, arrays)[1])
    }
    assert not wrong
