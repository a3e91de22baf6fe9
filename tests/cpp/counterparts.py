"""Which functions of the C++ headers are which operations of Python's: for tests, and for the docs.

Each expression is written with x and y. What works with Dual and Var is the same template.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.special

from bibun.export.lowered import LIBM


class Element(NamedTuple):
    """A function of numbers: for a Dual, and for a Var if it has a name for matrices, too."""

    dual: str
    var: str = ""


def _same(name: str) -> Element:
    return Element(f"{name}(x)", f"{name}(x)")


# fmt: off
WITHOUT_VAR = {
    "arctan2": "atan2(x, y)",        "hypot": "hypot(x, y)",     "logaddexp": "logaddexp(x, y)",
    "xlogy": "xlogy(x, y)",          "power": "pow(x, y)",       "maximum": "maximum(x, y)",
    "minimum": "minimum(x, y)",      "fabs": "fabs(x)",          "trunc": "trunc(x)",
}
"""Of two numbers; for matrices there is map(x, y, f)."""
ELEMENTS: dict[str, Element] = {
    "add": Element("x + y", "add(x, y)"),          "subtract": Element("x - y", "subtract(x, y)"),
    "multiply": Element("x * y", "multiply(x, y)"), "divide": Element("x / y", "divide(x, y)"),
    "negative": Element("-x", "-x"),               "absolute": _same("abs"),
    "square": _same("square"),                     "sqrt": _same("sqrt"),
    "floor": _same("floor"),                       "ceil": _same("ceil"),
    "sigmoid": _same("sigmoid"),                   "log_expit": _same("log_sigmoid"),
    **{label: _same(name) for label, name in LIBM.items() if label not in WITHOUT_VAR},
    **{label: Element(text) for label, text in WITHOUT_VAR.items()},
}
"""By the label of a row of the table of element-wise functions."""


class Whole(NamedTuple):
    """A function of matrices: the operation that it is in Python, itself, and arguments."""

    operation: str
    var: str
    python: Callable[..., Any]
    x: tuple[int, int]
    y: tuple[int, int] | None = None
    square: str = ""  # what x is made: "regular", "positive", "symmetric"

    @property
    def name(self) -> str:
        """What is called, or the operator."""
        known = {"factors(x)": "qr", "eigen(x)": "symmetric_eigen", "x * y": "*"}
        return known.get(self.var) or self.var.split("(")[0].split("<")[0]


def _rows(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: f(x, axis=1, keepdims=True)


def _columns(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: f(x, axis=0, keepdims=True)


def _logdet(x: Any) -> Any:
    return np.linalg.slogdet(x)[1]


def _factors(x: Any) -> Any:
    """Q with R on the right, in signs that do not depend on the library."""
    q, r = np.linalg.qr(x)
    s = np.sign(np.diagonal(r))
    return np.concatenate([q * s, (r * s[:, None]).T], axis=0)


def _eigen(x: Any) -> Any:
    w, v = np.linalg.eigh(x)
    return np.concatenate([w[:, None], v**2], axis=1)


LSE, SOFT, LOGSOFT = scipy.special.logsumexp, scipy.special.softmax, scipy.special.log_softmax


def _convolved(x: Any, y: Any) -> Any:
    return np.convolve(x[:, 0], y[:, 0])[:, None]


def _correlated(x: Any, y: Any) -> Any:
    return np.correlate(x[:, 0], y[:, 0])[:, None]


# fmt: off
WHOLE = (
    Whole("MatMul",       "x * y",                lambda x, y: x @ y,           (2, 3), (3, 2)),
    Whole("MatMul",       "dot(x, y)",            np.vdot,                      (2, 3), (2, 3)),
    Whole("Sum",          "sum(x)",               np.sum,                       (2, 3)),
    Whole("Sum",          "mean(x)",              np.mean,                      (2, 3)),
    Whole("Sum",          "row_sums(x)",          _rows(np.sum),                (2, 3)),
    Whole("Sum",          "column_sums(x)",       _columns(np.sum),             (2, 3)),
    Whole("Sum",          "squared_norm(x)",      lambda x: np.sum(x * x),      (2, 3)),
    Whole("Norm",         "norm(x)",              np.linalg.norm,               (2, 3)),
    Whole("Max",          "max_coeff(x)",         np.max,                       (2, 3)),
    Whole("Min",          "min_coeff(x)",         np.min,                       (2, 3)),
    Whole("LogSumExp",    "logsumexp(x)",         LSE,                          (2, 3)),
    Whole("LogSumExp",    "logsumexp_rows(x)",    _rows(LSE),                   (2, 3)),
    Whole("Softmax",      "softmax(x)",           SOFT,                         (2, 3)),
    Whole("Softmax",      "softmax_rows(x)",      lambda x: SOFT(x, axis=1),    (2, 3)),
    Whole("LogSoftmax",   "log_softmax(x)",       LOGSOFT,                      (2, 3)),
    Whole("LogSoftmax",   "log_softmax_rows(x)",  lambda x: LOGSOFT(x, axis=1), (2, 3)),
    Whole("Transpose",    "transpose(x)",         np.transpose,                 (2, 3)),
    Whole("Slice",        "block(x, 1, 1, 2, 2)", lambda x: x[1:3, 1:3],        (3, 4)),
    Whole("Slice",        "row(x, 1)",            lambda x: x[1:2],             (3, 4)),
    Whole("Slice",        "column(x, 2)",         lambda x: x[:, 2:3],          (3, 4)),
    Whole("Slice",        "entry(x, 1, 2)",       lambda x: x[1, 2],            (3, 4)),
    Whole("Slice",        "segment(column(x, 0), 1, 2)", lambda x: x[1:3, :1],  (3, 4)),
    Whole("Gather",       "diagonal(x)",          lambda x: np.diagonal(x)[:, None], (3, 3)),
    Whole("Gather",       "trace(x)",             np.trace,                     (3, 3)),
    Whole("Reshape",      "reshape(x, 3, 2)",     lambda x: x.T.reshape(2, 3).T, (2, 3)),
    Whole("Expand",       "broadcast(x, 3, 2)",   lambda x: np.broadcast_to(x, (3, 2)), (1, 2)),
    Whole("Concatenate",  "beside(x, y)",         lambda x, y: np.hstack([x, y]), (2, 3), (2, 1)),
    Whole("Concatenate",  "above(x, y)",          lambda x, y: np.vstack([x, y]), (2, 3), (1, 3)),
    Whole("Convolve",     "convolve(x, y)",       _convolved,                   (4, 1), (2, 1)),
    Whole("Convolve",     "correlate(x, y)",      _correlated,                  (4, 1), (2, 1)),
    Whole("Where",        "select(positive(x), x, y)", lambda x, y: np.where(x > 0, x, y), (2, 3),
          (2, 3)),
    Whole("Solve",        "solve(x, y)",          np.linalg.solve,     (3, 3), (3, 2), "regular"),
    Whole("Inverse",      "inverse(x)",           np.linalg.inv,       (3, 3), None, "regular"),
    Whole("Det",          "determinant(x)",       np.linalg.det,       (3, 3), None, "regular"),
    Whole("Slogdet",      "log_abs_det(x)",       _logdet,             (3, 3), None, "regular"),
    Whole("Cholesky",     "cholesky(x)",          np.linalg.cholesky,  (3, 3), None, "positive"),
    Whole("Solve",        "solve_positive(x, y)",
          lambda x, y: np.linalg.solve((x + x.T) / 2, y), (3, 3), (3, 2), "positive"),
    Whole("Solve",        "solve_triangular<Eigen::Lower>(x, y)",
          lambda x, y: np.linalg.solve(np.tril(x), y), (3, 3), (3, 2), "regular"),
    Whole("LeastSquares", "least_squares(x, y)",
          lambda x, y: np.linalg.lstsq(x, y)[0], (4, 2), (4, 1)),
    Whole("QR",           "factors(x)",           _factors,            (4, 3)),
    Whole("Eigh",         "eigen(x)",             _eigen,              (3, 3), None, "symmetric"),
)
# fmt: on
