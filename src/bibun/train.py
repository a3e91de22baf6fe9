"""Training: the loop over epochs and batches, its history and its progress."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .array import Duck
from .derivative.gradient import value_and_grad
from .errors import ShapeError, TracingError, UnsupportedError
from .native.jit import jit
from .nn.layer import Layer
from .nn.losses import LOSSES, Loss
from .optim import Adam, Optimizer
from .tracing.containers import flatten
from .wide.mode import Mode, within

Metric = Callable[[Any, Any], Any]
Data = tuple[Any, Any]
Derived = tuple[Any, Any, list[Any]]  # loss, prediction, gradient


def fit(
    model: Layer,
    x: Any,
    y: Any,
    *,
    loss: str | Loss,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
    validation: Data | None = None,
    metrics: Iterable[str | Metric] = (),
    progress: bool = True,
    compiled: bool = True,
) -> dict[str, list[float]]:
    """Train a model on inputs x and targets y; returns the history: numbers per epoch, by name.

    The first axis of x and y (arrays, or containers of them) counts examples. They are shuffled by
    `seed` before each epoch. `loss(prediction, target)` is a mean over examples, given as a
    function or by the name of one in bibun.nn; so are the metrics, with "accuracy" besides. The
    history has "loss" and each metric, averaged over the epoch while it trains, and with
    `validation=(x, y)` also "validation_loss" and so on, after the epoch. The optimiser is Adam()
    unless given. `progress` shows a bar (if tqdm is installed and there is a terminal) and a line
    per epoch.

    Forward and backward of a batch are compiled by `jit`, so that what the model does in Python
    happens once for each shape of batch: give `compiled=False` if it counts calls or the like. A
    model that `jit` cannot follow, for example because it draws random numbers, runs uncompiled,
    which a warning says.

    Raises ShapeError if x and y differ in length, FloatingPointError if a gradient is not finite,
    NotDifferentiableError if the loss is no real number, TypeError if the model is no Layer,
    ValueError for a loss or metric of unknown name and a batch_size below 1.

    >>> import numpy as np, bibun
    >>> x = np.linspace(-1, 1, 64)[:, None]
    >>> model = bibun.nn.Dense(1)
    >>> history = bibun.fit(model, x, 3 * x, loss="mean_squared_error", epochs=40,
    ...                     optimizer=bibun.optim.SGD(0.1), progress=False)
    >>> np.round(model.kernel.numpy(), 1)
    array([[3.]])
    """
    if not isinstance(model, Layer):
        raise TypeError(f"fit: the model is a bibun.nn.Layer, not a {type(model).__name__}")
    optimizer, x, y = Adam() if optimizer is None else optimizer, _data(x), _data(y)
    measures = _measures(loss, metrics)
    n = _length(x, y)
    if not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise ValueError(f"fit: batch_size is a number of examples, at least 1, not {batch_size!r}")
    model(_rows(x, slice(0, 1)))  # makes weights that are not there yet
    step = _step(model, optimizer, measures, compiled)
    rng, history = np.random.default_rng(seed), _History(measures, epochs, progress)
    for epoch in range(epochs):
        order = rng.permutation(n)
        rows = [order[i : i + batch_size] for i in range(0, n, batch_size)]
        found = ((len(r), step(_rows(x, r), _rows(y, r))) for r in history.bar(rows, epoch))
        means = _mean(found, measures)
        if validation is not None:
            held = evaluate(model, *validation, loss=loss, metrics=metrics)
            means |= {f"validation_{k}": v for k, v in held.items()}
        history.add(epoch, means)
    return history.columns


def evaluate(
    model: Layer,
    x: Any,
    y: Any,
    *,
    loss: str | Loss,
    metrics: Iterable[str | Metric] = (),
    batch_size: int = 1024,
) -> dict[str, float]:
    """The loss and the metrics of a model on inputs x and targets y, as means over the examples.

    >>> import numpy as np, bibun
    >>> bibun.train.evaluate(np.sin, np.zeros(3), np.ones(3), loss="mean_squared_error")
    {'loss': 1.0}
    """
    measures, x, y = _measures(loss, metrics), _data(x), _data(y)
    batches = [slice(i, i + batch_size) for i in range(0, _length(x, y), batch_size)]

    def measured() -> Iterator[tuple[int, list[float]]]:
        for rows in batches:
            prediction, target = model(_rows(x, rows)), _rows(y, rows)
            yield _length(target, target), [float(f(prediction, target)) for f in measures.values()]

    return _mean(measured(), measures)


def accuracy(prediction: Any, target: Any) -> float:
    """The fraction of right answers.

    Targets with one axis less than the predictions are classes, which are right where the largest
    prediction is. Of the same shape, they are probabilities of classes along the last axis; if that
    has length 1, or is the only one, of "yes", which a positive logit says.
    """
    p, t = (np.asarray(_value(a)) for a in (prediction, target))
    if p.shape[:-1] == t.shape and p.ndim == t.ndim + 1:
        return float(np.mean(p.argmax(-1) == t))
    if p.shape != t.shape:
        raise ShapeError(
            f"accuracy: a prediction of shape {p.shape} does not fit a target of shape {t.shape}"
        )
    if p.ndim < 2 or p.shape[-1] == 1:
        return float(np.mean((p > 0) == (t > 0.5)))
    return float(np.mean(p.argmax(-1) == t.argmax(-1)))


# ------------------------------------------------------------ one step


def _step(
    model: Layer, optimizer: Optimizer, measures: dict[str, Metric], compiled: bool
) -> Callable[[Any, Any], list[float]]:
    """The function of one batch that improves the model and returns the measures before that."""
    loss, *metrics = measures.values()
    variables = model.trainable_variables

    def of_batch(model: Layer, x: Any, y: Any) -> tuple[Any, Any]:
        prediction = model(x)
        return loss(prediction, y), prediction

    both = value_and_grad(of_batch, has_aux=True)

    def derived(x: Any, y: Any) -> Derived:
        (value, prediction), gradient = both(model, x, y)
        return value, prediction, list(gradient.trainable_variables)

    run = _Compiled(derived) if compiled else derived

    def step(x: Any, y: Any) -> list[float]:
        value, prediction, gradient = run(x, y)
        optimizer.apply_gradients(zip(gradient, variables, strict=True))
        return [float(value), *(float(f(prediction, y)) for f in metrics)]

    return step


class _Compiled:
    """Loss, prediction and gradient of a batch in native code, as far as that goes."""

    def __init__(self, plain: Callable[[Any, Any], Derived]):
        self.plain, self.run = plain, jit(plain)

    def __call__(self, x: Any, y: Any) -> Derived:
        try:
            # What is not finite is looked at below, without a warning for each batch.
            with within(Mode(False)):
                found: Derived = self.run(x, y)
        except (TracingError, UnsupportedError) as error:
            warnings.warn(f"fit: the model runs uncompiled: {error}", stacklevel=4)
            self.run = self.plain
            return self.plain(x, y)
        value, _, gradient = found
        if all(np.isfinite(np.vdot(g, g)) for g in (value, *gradient)):
            return found
        # Outside of native code wider numbers may find the limit, or an error says where it was.
        return self.plain(x, y)


def _measures(loss: str | Loss, metrics: Iterable[str | Metric]) -> dict[str, Metric]:
    """The loss and the metrics as functions, by name."""
    metrics = (metrics,) if isinstance(metrics, str) or callable(metrics) else tuple(metrics)
    named = {"loss": loss} | {
        m if isinstance(m, str) else getattr(m, "__name__", "metric"): m for m in metrics
    }
    return {name: _function(f) for name, f in named.items()}


def _function(f: str | Metric) -> Metric:
    known = {**LOSSES, "accuracy": accuracy}
    if callable(f):
        return f
    if f not in known:
        raise ValueError(
            f"fit: a loss or metric is a function or one of {', '.join(known)}, not {f!r}"
        )
    return known[f]


def _mean(
    found: Iterable[tuple[int, list[float]]], measures: dict[str, Metric]
) -> dict[str, float]:
    """The means of the measures of all batches, weighted by the number of examples in each."""
    total, sums = 0, [0.0] * len(measures)
    for n, values in found:
        total += n
        sums = [s + n * v for s, v in zip(sums, values, strict=True)]
    return {name: s / total for name, s in zip(measures, sums, strict=True)}


# ------------------------------------------------------------ batches


def _value(x: Any) -> Any:
    return x.numpy() if isinstance(x, Duck) else x


def _data(x: Any) -> Any:
    """Lists of numbers as arrays; arrays and containers of them as they are."""
    numbers = all(isinstance(a, int | float | np.generic) for a in flatten(x)[0])
    return np.asarray(x) if numbers else x


def _length(x: Any, y: Any) -> int:
    """The number of examples, which all arrays must share."""
    shapes = [np.shape(a) for a in (*flatten(x)[0], *flatten(y)[0])]
    if not all(shapes) or len({s[0] for s in shapes}) != 1 or not shapes[0][0]:
        given = ", ".join(map(str, shapes))
        raise ShapeError(
            "fit: inputs and targets need a first axis of one length above 0, not the shapes "
            f"{given}"
        )
    return shapes[0][0]


def _rows(x: Any, rows: Any) -> Any:
    """These examples of an array or container, read-only: then the trace need not copy them."""
    leaves, rebuild = flatten(x)
    chosen = [np.asarray(a)[rows] for a in leaves]
    for a in chosen:
        a.flags.writeable = False
    return rebuild(chosen)


# ------------------------------------------------------------ progress


class _History:
    """The numbers of each epoch, collected and shown."""

    def __init__(self, measures: dict[str, Metric], epochs: int, progress: bool):
        self.columns: dict[str, list[float]] = {name: [] for name in measures}
        self.epochs, self.progress = epochs, progress
        self.tqdm = _tqdm() if progress and sys.stderr.isatty() else None

    def bar(self, batches: Sequence[Any], epoch: int) -> Iterable[Any]:
        """The batches, with a bar while they run."""
        if self.tqdm is None:
            return batches
        return self.tqdm(batches, desc=f"epoch {epoch + 1}/{self.epochs}", leave=False)

    def add(self, epoch: int, means: dict[str, float]) -> None:
        """The numbers of one epoch."""
        for name, value in means.items():
            self.columns.setdefault(name, []).append(value)
        if self.progress:
            numbers = "  ".join(f"{name} {value:.4g}" for name, value in means.items())
            print(f"epoch {epoch + 1}/{self.epochs}  {numbers}", flush=True)


def _tqdm() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm
