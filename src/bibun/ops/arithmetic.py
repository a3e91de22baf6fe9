"""The table of arithmetic: sums, products, powers, extremes, comparisons, logic and bits.

A row gives a ufunc and its partial derivatives as NumPy expressions of the result y and the
arguments; numbers stand for themselves, None for a function that is piecewise constant. What is not
written as a function says how it is written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array import Array, bind
from ..errors import DtypeError, ShapeError
from ..graph import Example, Linear, Op, operation, symmetric
from ..notation import ATOM, FACTOR, LOOSE, POWER, PRODUCT, SUM, SUPERSCRIPTS, Text, template
from ..zeros import parts, select, zeroed
from .alignment import known
from .elementwise import Elementwise, row
from .formula import Formula
from .parts import mirror, modulus, turn

# ------------------------------------------------------------ partials that need more than a line


def by_base(y: Array, x: Array, p: Array) -> Any:
    """d(x^p)/dx = p x^(p-1), and not p y / x, which is 0/0 at 0 and overflows before it has to."""
    n = known(p)
    if n is None:
        slope = x ** (p - 1)
        fits = np.isfinite(slope) | ((x == 0) & (p != 0)) | np.isinf(x)
        # x^0 is 1 for every x, also near 0, where p x^(p-1) would be 0 * inf.
        return np.where(fits, p * slope, np.where(x == 0, 0, p / x * y))
    if n in (0, 1):
        return n
    # What is rounded is left to the graph, which exact numbers evaluate without that.
    lower = n - 1 if n - 1 + 1 == n else p - 1
    return n * (x if n == 2 else np.square(x) if n == 3 else x**lower)


def by_exponent(y: Array, x: Array, p: Array) -> Any:
    """d(x^p)/dp = x^p log(x), which is 0 at x = 0 as long as p > 0."""
    return np.where((x == 0) & (p > 0), 0, y * np.log(x))


@operation
class Won(Op):
    """g where a > b, g / 2 where a = b, and 0 where a < b (not g * 0: g may be infinite).

    Where a or b is nan it is g, so that the nan stays visible.
    """

    def type(self, a, b, g):
        if not a.shape == b.shape == g.shape:
            raise ShapeError(f"won: needs equal shapes, not {a}, {b}, {g}")
        if not g.differentiable:
            raise DtypeError(f"won: a floating-point cotangent is needed, not {g}")
        return g

    def value(self, a, b, g):
        y = np.where(a < b, g.dtype.type(0), g)
        ties = a == b
        return (np.where(ties, y / 2, y) if np.any(ties) else y)[()]  # ties are rare: look first

    def d(self, y, a, b, g):
        return None, None, won(a, b)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3), (2, 3), (2, 3)))


def won(a: Array, b: Array) -> Linear:
    """The partial of max(a, b) by a: all of it where a wins, half where they are equal.

    A structural zero elsewhere: what is not chosen has no influence, however large its own
    derivative.
    """

    def share(g: Any) -> Array:
        inner = parts(g)
        if inner is None:
            return zeroed(~(a < b), bind(Won(), a, b, g))
        return select(inner[0] & ~(a < b), bind(Won(), a, b, inner[1]))

    return symmetric(share)


def larger(a: Array, b: Array) -> Any:
    """The same as a mask and a factor."""
    return ~(a < b), shared(a, b)


def smaller(a: Array, b: Array) -> Any:
    """The partial of min(a, b) by a."""
    return ~(a > b), shared(a, b)


def shared(a: Array, b: Array) -> Any:
    return np.where(a == b, a.dtype.type(0.5), a.dtype.type(1))


def known_of(extreme: Any, a: Array, b: Array) -> Any:
    """The same by a for extremes that ignore nan: nan wins only against nan."""
    mask, share = extreme(a, b)
    return mask & (np.isnan(b) | ~np.isnan(a)), share


def iscomplex(x: Array) -> bool:
    return x.dtype.kind == "c"


def length(a: Any, b: Any) -> Any:
    """hypot(a, b), and infinity at the origin, so that what is divided by it becomes 0 there."""
    h = np.hypot(a, b)
    return np.where(h == 0, h.dtype.type(np.inf), h)


# ------------------------------------------------------------ notation that needs more than a line


def between(sign: str) -> Callable[..., Text]:
    """A relation of two sides: a > b."""
    return template(f"{{:sum}} {sign} {{:sum}}", LOOSE)


def product(a: Text, b: Text) -> Text:
    """2 x, s · x for a number s, and x ⊙ y for two arrays, entry by entry."""
    if b.number is not None and a.number is None:
        a, b = b, a
    if a.number is not None and b.number is None and not b.text[0].isdigit():
        if a.number == -1:
            return Text(f"−{b:product}", SUM)
        return Text(f"{a} {b:factor}", FACTOR if a.number >= 0 else SUM)
    both = a.type.shape and b.type.shape
    return Text(f"{a:product} {'⊙' if both else '·'} {b:factor}", PRODUCT)


def raised(a: Text, b: Text) -> Text:
    """x², and x^p for what is not a whole number."""
    if b.number is not None and b.number.is_integer():
        return Text(f"{a:atom}{b.text.translate(SUPERSCRIPTS)}", POWER)
    return Text(f"{a:atom}^{b:atom}", POWER)


def steep(a: Any, b: Any) -> Any:
    """Where a root is taken of zero; of a sum of squares it is a norm, which has a convention."""
    return (a == 0) & (np.real(b) > 0) & (np.real(b) < 1)


def tied(a: Any, b: Any) -> Any:
    """Where real numbers are equal; whole numbers do not move."""
    return np.equal(a, b) & ("f" in (np.asarray(a).dtype.kind, np.asarray(b).dtype.kind))


def sign_for(a: Any, b: Any) -> Any:
    """An exact number with the sign that a gets from b; that of a zero is not kept."""
    if b != 0:
        return b
    if a != 0:
        raise ValueError("the sign of a zero is not known among exact numbers")
    return 1


# fmt: off
POSITIVE = (0.1, 4.0)

add         = row(np.add,         1,  1, fast=operator.add, commutative=True,
                                  text=template("{:sum} + {:product}", SUM))
subtract    = row(np.subtract,    1, -1, fast=operator.sub,
                                  text=template("{:sum} − {:product}", SUM))
multiply    = row(np.multiply,    lambda y, a, b: b,
                                  lambda y, a, b: a, fast=operator.mul, commutative=True,
                                  text=product)
divide      = row(np.divide,      lambda y, a, b: 1 / b,
                                  lambda y, a, b: -(y / b), fast=operator.truediv, domain=POSITIVE,
                                  text=template("{:product} / {:power}", PRODUCT))
negative    = row(np.negative,    -1, fast=operator.neg, text=template("−{:product}", SUM))
positive    = row(np.positive,     1, fast=operator.pos, text=template("{:power}", POWER))
reciprocal  = row(np.reciprocal,  lambda y, x: -np.square(y), domain=POSITIVE,
                                  text=template("1 / {:power}", PRODUCT))
square      = row(np.square,      lambda y, x: 2 * x, text=template("{:atom}²", POWER))
sqrt        = row(np.sqrt,        lambda y, x: 0.5 / y, domain=POSITIVE,
                                  text=template("√{:atom}", POWER), kink=lambda x: x == 0)
cbrt        = row(np.cbrt,        lambda y, x: 1 / (3 * np.square(y)), domain=POSITIVE,
                                  exact=lambda lib, x: lib.sign(x) * abs(x) ** (lib.sign(1) / 3))
power       = row(np.power,       by_base, by_exponent, fast=operator.pow, domain=POSITIVE,
                                  text=raised, exact="Pow", kink=steep)
float_power = row(np.float_power, by_base, by_exponent, domain=POSITIVE,
                                  exact=lambda lib, a, b: a**b, kink=steep)
absolute    = row(np.absolute,    lambda y, x: modulus(x) if iscomplex(x) else np.sign(x),
                                  fast=operator.abs, text=template("|{}|", ATOM), exact="Abs",
                                  kink=lambda x: x == 0)
fabs        = row(np.fabs,        lambda y, x: np.sign(x), kink=lambda x: x == 0)
sign        = row(np.sign,        lambda y, x: turn(x) if iscomplex(x) else None,
                                  jump=lambda x: x == 0)
conjugate   = row(np.conjugate,   lambda y, x: mirror() if iscomplex(x) else 1)
# At the origin 0, the middle of all limits. A row, since the derivative of a / h would cancel.
DIRECTION   = Formula("direction", lambda a, b: a / length(a, b), like=np.hypot)
direction: Elementwise \
            = row(DIRECTION,      lambda y, a, b: np.square(direction(b, a)) / length(a, b),
                                  lambda y, a, b: -y * direction(b, a) / length(a, b),
                                  exact=lambda lib, a, b: a * 0 if a == 0 and b == 0
                                  else a / lib.sqrt(a**2 + b**2))
hypot       = row(np.hypot,       lambda y, a, b: direction(a, b),
                                  lambda y, a, b: direction(b, a), commutative=True,
                                  exact=lambda lib, a, b: lib.sqrt(a**2 + b**2),
                                  kink=lambda a, b: (a == 0) & (b == 0))
copysign    = row(np.copysign,    lambda y, a, b: np.sign(a) * np.sign(y), None,
                                  exact=lambda lib, a, b: abs(a) * lib.sign(sign_for(a, b)),
                                  kink=lambda a, b: a == 0, jump=lambda a, b: b == 0)
heaviside   = row(np.heaviside,   None, lambda y, x, h: x == 0,
                                  exact=lambda lib, x, h: h if x == 0 else (1 + lib.sign(x)) / 2,
                                  jump=lambda x, h: x == 0)

maximum     = row(np.maximum,     lambda y, a, b: won(a, b),
                                  lambda y, a, b: won(b, a),     commutative=True, exact="Max",
                                  kink=np.equal)
minimum     = row(np.minimum,     lambda y, a, b: won(b, a),
                                  lambda y, a, b: won(a, b),  commutative=True, exact="Min",
                                  kink=np.equal)
fmax        = row(np.fmax,        lambda y, a, b: known_of(larger, a, b),
                                  lambda y, a, b: known_of(larger, b, a), kink=np.equal)
fmin        = row(np.fmin,        lambda y, a, b: known_of(smaller, a, b),
                                  lambda y, a, b: known_of(smaller, b, a), kink=np.equal)

greater       = row(np.greater,       None, None, fast=operator.gt,
                                      text=between(">"), exact="Gt", jump=tied)
greater_equal = row(np.greater_equal, None, None, fast=operator.ge,
                                      text=between("≥"), exact="Ge", jump=tied)
less          = row(np.less,          None, None, fast=operator.lt,
                                      text=between("<"), exact="Lt", jump=tied)
less_equal    = row(np.less_equal,    None, None, fast=operator.le,
                                      text=between("≤"), exact="Le", jump=tied)
equal         = row(np.equal,         None, None, fast=operator.eq, commutative=True,
                                      text=between("="), exact="Eq", jump=tied)
not_equal     = row(np.not_equal,     None, None, fast=operator.ne, commutative=True,
                                      text=between("≠"), exact="Ne", jump=tied)
logical_and   = row(np.logical_and,   None, None, commutative=True, exact="And")
logical_or    = row(np.logical_or,    None, None, commutative=True, exact="Or")
logical_xor   = row(np.logical_xor,   None, None, commutative=True, exact="Xor")
logical_not   = row(np.logical_not,   None, exact="Not")
bitwise_and   = row(np.bitwise_and,   None, None, fast=operator.and_, commutative=True,
                                      text=between("∧"), exact="And")
bitwise_or    = row(np.bitwise_or,    None, None, fast=operator.or_, commutative=True,
                                      text=between("∨"), exact="Or")
bitwise_xor   = row(np.bitwise_xor,   None, None, fast=operator.xor, commutative=True)
left_shift    = row(np.left_shift,    None, None, fast=operator.lshift)
right_shift   = row(np.right_shift,   None, None, fast=operator.rshift)
invert        = row(np.invert,        None, text=template("¬{:atom}", POWER), exact="Not")
bitwise_count = row(np.bitwise_count, None)
gcd           = row(np.gcd,           None, None, commutative=True)
lcm           = row(np.lcm,           None, None, commutative=True)
isnan         = row(np.isnan,         None)
isinf         = row(np.isinf,         None)
isfinite      = row(np.isfinite,      None)
signbit       = row(np.signbit,       None, jump=lambda x: x == 0)
# fmt: on
