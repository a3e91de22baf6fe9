"""Derivatives by complex numbers, as users give and get them: the one place of conjugation.

Inside, a pull is the transpose for the pairing Re(g t). For users the pairing is Re(conj(g) t), so
that the gradient of a real loss L by x is dL/dRe x + i dL/dIm x and x - rate * gradient descends,
as in PyTorch and TensorFlow. The two differ by a conjugation on the way in and on the way out.
See docs/complex.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DtypeError, NotDifferentiableError
from ..graph import Type
from ..tracing.functional import Recorded


def crossed(g: Any) -> Any:
    """A cotangent on its way in or out."""
    return np.conjugate(g) if g is not None and g.dtype.kind == "c" else g


def check_scalar(recorded: Recorded, name: str, holomorphic: bool = False) -> None:
    """Only one real number has a gradient; or a complex one, with `holomorphic`."""
    if recorded.results == 1 and not holomorphic:
        y = recorded.trace.values[recorded.outputs[0]]
        if y.shape == () and y.dtype.kind == "f":  # most often
            return
    types = [recorded.trace.types(i) for i in recorded.outputs[: recorded.results]]
    if len(types) != 1 or types[0].shape != ():
        given = ", ".join(map(str, types)) or "nothing"
        raise NotDifferentiableError(
            f"{name}: the function must return one number, not {given}: sum or average it, or "
            "use bibun.jacobian"
        )
    kind = types[0].dtype.kind
    if kind == "c" and not holomorphic:
        raise NotDifferentiableError(
            f"{name}: the function must return a real number, not {types[0]}: take np.real or "
            "np.abs of it, or say holomorphic=True for its complex derivative"
        )
    if kind != "c" and holomorphic:
        raise NotDifferentiableError(
            f"{name}: with holomorphic=True the function must return a complex number, not "
            f"{types[0]}"
        )
    if kind not in "fc":
        raise NotDifferentiableError(
            f"{name}: the function must return a real floating-point number, not {types[0]}"
        )


def check_arguments(types: Sequence[Type], name: str, holomorphic: bool) -> None:
    """A complex derivative is one by complex numbers."""
    real = [t for t in types if t.dtype.kind != "c"]
    if holomorphic and real:
        raise DtypeError(
            f"{name}: with holomorphic=True the argument must be complex, not {real[0]}: pass "
            "x.astype(complex)"
        )


def way(
    outputs: Sequence[Type], inputs: Sequence[Type], mode: str, holomorphic: bool, name: str
) -> str:
    """The mode in which a Jacobian has one number for each pair of entries; "auto" if both have.

    Complex results of real arguments have derivatives along the arguments ("forward"), and real
    results of complex arguments have gradients ("reverse").
    """
    check_arguments(inputs, name, holomorphic)
    wide = [any(t.dtype.kind == "c" for t in types) for types in (outputs, inputs)]
    if holomorphic or not any(wide):
        if holomorphic and any(t.dtype.kind != "c" for t in outputs):
            raise DtypeError(f"{name}: with holomorphic=True all results must be complex")
        return mode
    if all(wide):
        raise DtypeError(
            f"{name}: of a complex result by a complex argument there is one number for each pair "
            "of entries only if the function is holomorphic: say holomorphic=True, or use "
            "bibun.jvp, or the real and imaginary parts"
        )
    needed = "forward" if wide[0] else "reverse"
    if mode not in ("auto", needed):
        raise DtypeError(
            f"{name}: complex {'results' if wide[0] else 'arguments'} need mode {needed!r}"
        )
    return needed
