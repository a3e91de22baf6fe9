"""The table of elementary functions: sums, products, quotients, powers, signs and comparisons.

A row gives a ufunc and its partial derivatives as NumPy expressions of the result y and the
arguments; 1 and -1 stand for themselves, None for a function that is piecewise constant.
"""

from __future__ import annotations

import operator

import numpy as np

from .elementwise import row

# fmt: off
POSITIVE, ALL = (0.1, 4.0), (-2.0, 2.0)

add          = row(np.add,          1,  1,                                    fast=operator.add, commutative=True)
subtract     = row(np.subtract,     1, -1,                                    fast=operator.sub)
multiply     = row(np.multiply,     lambda y, a, b: b, lambda y, a, b: a,     fast=operator.mul, commutative=True)
divide       = row(np.divide,       lambda y, a, b: 1 / b,
                                    lambda y, a, b: -y / b,                   fast=operator.truediv, domain=POSITIVE)
negative     = row(np.negative,     -1,                                       fast=operator.neg)
square       = row(np.square,       lambda y, x: 2 * x)
sqrt         = row(np.sqrt,         lambda y, x: 0.5 / y,                     domain=POSITIVE)
absolute     = row(np.absolute,     lambda y, x: np.sign(x),                  fast=operator.abs)
sign         = row(np.sign,         None)
maximum      = row(np.maximum,      lambda y, a, b: (1 + np.sign(a - b)) / 2, lambda y, a, b: (1 - np.sign(a - b)) / 2)
greater      = row(np.greater,      None, None,                               fast=operator.gt)
less         = row(np.less,         None, None,                               fast=operator.lt)
equal        = row(np.equal,        None, None,                               fast=operator.eq)
not_equal    = row(np.not_equal,    None, None,                               fast=operator.ne)
bitwise_and  = row(np.bitwise_and,  None, None,                               fast=operator.and_)
bitwise_or   = row(np.bitwise_or,   None, None,                               fast=operator.or_)
invert       = row(np.invert,       None)
exp          = row(np.exp,          lambda y, x: y)
log          = row(np.log,          lambda y, x: 1 / x,                       domain=POSITIVE)
log1p        = row(np.log1p,        lambda y, x: 1 / (1 + x),                 domain=POSITIVE)
expm1        = row(np.expm1,        lambda y, x: np.exp(x))
logaddexp    = row(np.logaddexp,    lambda y, a, b: np.exp(a - y), lambda y, a, b: np.exp(b - y))
sin          = row(np.sin,          lambda y, x: np.cos(x))
cos          = row(np.cos,          lambda y, x: -np.sin(x))
tanh         = row(np.tanh,         lambda y, x: 1 / np.square(np.cosh(x)))
cosh         = row(np.cosh,         lambda y, x: np.sinh(x))
sinh         = row(np.sinh,         lambda y, x: np.cosh(x))
# fmt: on
