"""What an element-wise operation does to one element of each argument, in the loop IR.

A function that is missing here runs in the interpreter: the operation stays one call of NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi
from typing import Any

import numpy as np

from ..graph import Op, Type
from ..loops import Value
from ..loops.statements import DTYPES, FLOATS, KINDS
from ..ops.arithmetic import Won
from ..ops.calls import StopGradient
from ..ops.elementwise import Elementwise
from ..ops.parts import Real
from ..ops.select import Where
from ..ops.structure import Cast, Copy
from ..zeros import Select
from . import integers
from .linked import SPECIAL
from .mathematics import (
    circular,
    entropy,
    errors,
    exponential,
    families,
    floats,
    gamma,
    hyperbolic,
    inverse,
    logarithm,
    powers,
)
from .pieces import Unit, Within
from .rounding import floor_divide, fmod, remainder
from .runtime import symbols
from .special import COUNTED, NAMES, Foreign, counted, special

Element = Callable[..., Value]


def is_float(x: Value) -> bool:
    return x.kind in FLOATS


def larger(a: Value, b: Value) -> Value:
    """The larger one, or the one that is nan, in NumPy's order of questions."""
    return ((b <= a) | a.isnan()).where(a, b)


def smaller(a: Value, b: Value) -> Value:
    return ((a <= b) | a.isnan()).where(a, b)


def known_larger(a: Value, b: Value) -> Value:
    """The larger one; nan only if both are."""
    return ((b <= a) | b.isnan()).where(a, b)


def known_smaller(a: Value, b: Value) -> Value:
    return ((a <= b) | b.isnan()).where(a, b)


def sign(x: Value) -> Value:
    """-1, 0 or 1, and nan of nan."""
    zero = x.like(0)
    other = x.equals(0).where(zero, x) if is_float(x) else zero
    return (zero < x).where(x.like(1), (x < zero).where(x.like(-1), other) if signed(x) else other)


def signed(x: Value) -> bool:
    return x.kind[0] in "fi"


def infinite(x: Value) -> Value:
    return abs(x).equals(np.inf)


def finite(x: Value) -> Value:
    return abs(x) < np.inf


def never(x: Value) -> Value:
    """False, whatever a whole number is."""
    some = x.to("bool")
    return some & ~some


def heaviside(x: Value, at_zero: Value) -> Value:
    return x.isnan().where(x, (x < 0).where(x.like(0), (x > 0).where(x.like(1), at_zero)))


def left_shift(a: Value, n: Value) -> Value:
    """As NumPy: nothing is left after as many steps as there are bits, or a negative number."""
    bits = int(a.kind[1:])
    good = (n >= 0) & (n < bits)
    return good.where(a << good.where(n, 0), 0)


def right_shift(a: Value, n: Value) -> Value:
    """The same; of negative numbers the sign is left."""
    bits = int(a.kind[1:])
    good = (n >= 0) & (n < bits)
    return a >> good.where(n, bits - 1) if signed(a) else good.where(a >> good.where(n, 0), 0)


def bitwise_count(x: Value) -> Value:
    """How many bits of |x| are 1: in pairs, fours, eights, ... side by side (Warren 2012, 5-1)."""
    bits = int(x.kind[1:])
    x = abs(x).to(f"u{bits}")
    for width, mask in ((1, 0x55), (2, 0x33), (4, 0x0F)):
        every = int.from_bytes(bytes([mask]) * (bits // 8), "big")
        x = (x & every) + ((x >> width) & every)
    width = 8
    while width < bits:
        x, width = x + (x >> width), 2 * width
    return (x & 0xFF).to("u8")


def weighted(p: Value, x: Value) -> Value:
    """p x with 0 times anything 0."""
    return p.equals(0).where(p, p * x)


# fmt: off
POWERS: dict[float, Element] = {
    2.0: lambda x, p: x * x,            -1.0: lambda x, p: 1 / x,
    0.5: lambda x, p: x.sqrt(),         1.0: lambda x, p: x,
    3.0: lambda x, p: x * x * x,        4.0: lambda x, p: (x * x) * (x * x),
    -2.0: lambda x, p: 1 / (x * x),
}
"""x^p for the exponents that NumPy treats by themselves, and others that are a few products."""

FLOATING: dict[str, Element] = {
    "divide": lambda a, b: a / b,       "reciprocal": lambda x: 1 / x,
    "sqrt": lambda x: x.sqrt(),         "fabs": abs,
    "floor": lambda x: x.floor(),       "ceil": lambda x: x.ceil(),
    "trunc": lambda x: x.trunc(),       "rint": lambda x: x.rint(),
    "copysign": lambda a, b: a.copysign(b),
    "isnan": lambda x: x.isnan(),       "isinf": infinite,      "isfinite": finite,
    "signbit": lambda x: x.bits() < 0,
    "fmax": known_larger,               "fmin": known_smaller,
    "heaviside": heaviside,             "weighted": weighted,
    "fmod": fmod,                       "ldexp": floats.ldexp,
    "fraction": floats.fraction,        "exponent": floats.exponent,
    "spacing": floats.spacing,          "nextafter": floats.nextafter,
}
NUMERIC: dict[str, Element] = {
    "add": lambda a, b: a + b,          "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,     "square": lambda x: x * x,
    "negative": lambda x: -x,           "positive": lambda x: x,
    "conjugate": lambda x: x,           "absolute": abs,        "sign": sign,
    "maximum": larger,                  "minimum": smaller,
    "remainder": remainder,             "floor_divide": floor_divide,
    "angle": floats.angle,
}
EVERY: dict[str, Element] = {
    "greater": lambda a, b: a > b,      "greater_equal": lambda a, b: a >= b,
    "less": lambda a, b: a < b,         "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a.equals(b),  "not_equal": lambda a, b: a.differs(b),
    "logical_and": lambda a, b: a.to("bool") & b.to("bool"),
    "logical_or": lambda a, b: a.to("bool") | b.to("bool"),
    "logical_xor": lambda a, b: a.to("bool") ^ b.to("bool"),
    "logical_not": lambda x: ~x.to("bool"),
}
BITS: dict[str, Element] = {
    "bitwise_and": lambda a, b: a & b,  "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,  "invert": lambda x: ~x,
    "left_shift": left_shift,           "right_shift": right_shift,
    "bitwise_count": bitwise_count,
}
WHOLE: dict[str, Element] = {
    "isnan": never,                     "isinf": never,
    "isfinite": lambda x: ~never(x),    "floor": lambda x: x,
    "ceil": lambda x: x,                "trunc": lambda x: x,
    "fmax": larger,                     "fmin": smaller,
}
"""What numbers without fractions have nothing to do for."""
OF_BOOLS: dict[str, Element] = {
    "add": lambda a, b: a | b,          "multiply": lambda a, b: a & b,
    "maximum": lambda a, b: a | b,      "minimum": lambda a, b: a & b,
    "fmax": lambda a, b: a | b,         "fmin": lambda a, b: a & b,
    "absolute": lambda x: x,            "positive": lambda x: x,    "conjugate": lambda x: x,
}
MATHEMATICS: dict[str, Element] = {
    "exp": exponential.exp,             "exp2": exponential.exp2,
    "expm1": exponential.expm1,         "sigmoid": exponential.sigmoid,
    "sech": exponential.sech,           "log": logarithm.log,
    "log2": logarithm.log2,             "log10": logarithm.log10,
    "log1p": logarithm.log1p,           "logaddexp": logarithm.logaddexp,
    "logaddexp2": logarithm.logaddexp2, "sin": circular.sin,
    "cos": circular.cos,                "tan": circular.tan,
    "arctan": inverse.arctan,           "arctan2": inverse.arctan2,
    "arcsin": inverse.arcsin,           "arccos": inverse.arccos,
    "sinh": hyperbolic.sinh,            "cosh": hyperbolic.cosh,
    "tanh": hyperbolic.tanh,            "arcsinh": hyperbolic.arcsinh,
    "arccosh": hyperbolic.arccosh,      "arctanh": hyperbolic.arctanh,
    "erf": errors.erf,                  "erfc": errors.erfc,
    "erfcx": errors.erfcx,              "ndtr": errors.ndtr,
    "log_ndtr": errors.log_ndtr,        "mills": errors.mills,
    "gamma_density": gamma.gamma_density,
    "xlogy": entropy.xlogy,             "xlog1py": entropy.xlog1py,
    "entr": entropy.entr,               "log_expit": entropy.log_expit,
    "power": powers.power,              "float_power": powers.power,
    "hypot": powers.hypot,              "direction": powers.direction,
    "cbrt": powers.cbrt,
    "deg2rad": lambda x: x * (pi / 180),    "radians": lambda x: x * (pi / 180),
    "rad2deg": lambda x: x * (180 / pi),    "degrees": lambda x: x * (180 / pi),
}
# fmt: on


def won(a: Value, b: Value, g: Value) -> Value:
    """g where a > b or one of them is nan, half of it where they are equal, else 0."""
    return a.equals(b).where(g / 2, (a < b).where(g.like(0), g))


def within(extent: int, i: Value) -> Value:
    """An index from the beginning of an axis; the call fails if it lies outside."""
    place = i.to("i64")
    place = (place < 0).where(place + extent, place) if signed(i) else place
    outside = (place < 0) | (place >= extent)
    i.code.refuse(outside, "an index outside of its axis")
    return outside.where(0, place)


def unit(x: Value) -> Value:
    """A power of two, near 1 / |x|; 1 for 0, inf and nan."""
    shift, least = (52, 1023) if x.kind == "f64" else (23, 127)
    power = (abs(x).bits() >> shift) - least  # below the least power for numbers without one
    power = (power < 1 - least).where(1 - least, (power > least - 1).where(least - 1, power))
    found = ((power.like(least) - power) << shift).from_bits()
    good = (abs(x) < np.inf) & x.differs(0)
    return good.where(found, x.like(1))


def element(op: Op, args: tuple[Type, ...], result: Type, second: Any = None) -> Element | None:
    """The scalar function of an element-wise operation on these types; None if there is none.

    `second` is the number that the second argument is everywhere, if it is known.
    """
    types = (*args, result)
    if any(not isinstance(t, Type) or t.dtype not in KINDS for t in types):
        return None
    if isinstance(op, Foreign):
        return partial(special, op.symbol(len(args)))
    if isinstance(op, Elementwise):
        if op.label == "power" and second is not None and args[0].dtype.kind == "f":
            return POWERS.get(float(second), powers.power)
        if op.label in COUNTED:
            plain = counted(op.label, args, result)
            return families.ODD.get(op.label, lambda f: f)(plain) if plain else None
        return _of_row(op.label, args[0].dtype.kind, second)
    if isinstance(op, Cast):
        return _cast(KINDS[args[0].dtype], KINDS[op.dtype])
    if isinstance(op, Within):
        return partial(within, op.extent)
    family = FAMILIES.get(op.name)
    return family(op) if family else OTHERS.get(type(op))


def slope(start: Element, name: str, op: Any) -> Element | None:
    """A derivative of some order, by the extension; the function itself is ours, or SciPy's."""
    return _of_extension(f"{name}_slope_{op.order}") if op.order else start


def _of_extension(symbol: str) -> Element | None:
    """A function of real numbers, if the extension is there and has it."""
    return partial(special, symbol) if SPECIAL + symbol in symbols() else None


FAMILIES: dict[str, Callable[[Any], Element | None]] = {
    "polygamma": lambda op: partial(families.polygamma, op.order),
    "bessel": lambda op: partial(families.bessel, op.letter, op.order),
    "erfcx": partial(slope, errors.erfcx, "erfcx"),
    "besseli0e": partial(slope, partial(special, "i0e"), "bessel_i0e"),
    "exprel": partial(slope, partial(special, "exprel"), "exprel"),
    "dawson": partial(slope, partial(special, "dawsn"), "dawsn"),
    "elliptick": partial(slope, partial(special, "ellipk"), "ellipk"),
    "elliptickm1": partial(slope, partial(special, "ellipkm1"), "ellipkm1"),
    "elliptice": partial(slope, partial(special, "ellipe"), "ellipe"),
    "logrel": lambda op: _of_extension(f"log_relative_{op.order}"),
    "psidifference": lambda op: _of_extension(f"psi_difference_{op.order}"),
    "scaledbessel": lambda op: _of_extension(f"scaled_{op.letter}_{op.order}"),
    "carlson": lambda op: _of_extension(f"carlson_{op.p}_{op.q}_{op.r}"),
}
"""By their names: the classes are there once one of scipy.special's functions has been met."""


OTHERS: dict[type, Element] = {
    Where: lambda c, a, b: c.where(a, b),
    Select: lambda mask, x: mask.where(x, x.like(0)),
    Won: won,
    Copy: lambda x: x,
    StopGradient: lambda x: x,
    Real: lambda x: x,
    Unit: unit,
}


def _of_row(label: str, kind: str, second: Any) -> Element | None:
    """The function of a row of the table, for arguments of this kind of dtype."""
    tables = {"f": (FLOATING, NUMERIC, EVERY, MATHEMATICS), "b": (OF_BOOLS, WHOLE, BITS, EVERY)}
    for table in tables.get(kind, (NUMERIC, WHOLE, EVERY, BITS)):
        if label in table:
            return table[label]
    if kind in "iu":
        return integers.of_row(label, second)
    if kind != "f":
        return None
    return partial(special, label) if label in NAMES else _of_extension(label)


def _cast(given: str, wanted: str) -> Element:
    """A conversion. Floats that are no integer of that kind are left to NumPy, which warns."""
    if given in FLOATS and wanted not in FLOATS and wanted != "bool":
        limits = np.iinfo(DTYPES[wanted])
        return partial(whole, wanted, float(limits.min), float(limits.max) + 1)
    return lambda x: x.to(wanted)


def whole(wanted: str, least: float, above: float, x: Value) -> Value:
    """The integer part of a float; the call fails if the kind has no such number."""
    part = x.trunc()
    x.code.refuse(~((part >= least) & (part < above)), "a number that is no integer of its type")
    return x.to(wanted)


def cost(op: Op) -> int:
    """How much work one element is, in additions: what is expensive is not done twice."""
    if isinstance(op, Elementwise):
        return {"divide": 4, "sqrt": 6, "reciprocal": 4}.get(op.label, 1 if known(op) else 20)
    return 20 if isinstance(op, Foreign) or op.name in FAMILIES else 1


def known(op: Elementwise) -> bool:
    """Whether the operation is one instruction or a few."""
    return any(op.label in table for table in (FLOATING, NUMERIC, EVERY, BITS))
