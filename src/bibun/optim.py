"""Optimisers: SGD and Adam, for Variables on a tape and for containers of arrays."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from .array import Array, Duck
from .errors import DtypeError, ShapeError, TapeError
from .recording import is_abstract
from .tracing.containers import flatten
from .variable import Variable

Rate = float | Callable[[int], float]


class State(NamedTuple):
    """What is remembered between updates: how many there were, and arrays like the parameters.

    >>> import numpy as np, bibun
    >>> bibun.optim.SGD(0.1, momentum=0.9).init(np.ones(2))
    State(step=0, slots=([array([0., 0.])],))
    """

    step: Any  # a number; an array where compiled code counts on
    slots: tuple[list[Any], ...]


class Optimizer:
    """A rule that makes parameters better with their gradients. There are two ways to use it.

    Variables: `apply_gradients(zip(gradients, variables))` assigns new values, and the optimiser
    remembers its moments for each Variable.

    Any container (tuple, dict, dataclass, Layer, ...), without side effects:
    `state = optimizer.init(parameters)`, then `parameters, state = optimizer.update(parameters,
    gradients, state)`. This way can be differentiated itself.

    The learning rate is a number, or a function of the number of updates that were made before.
    Parameters may be complex: with the gradients that bibun gives, p - rate * gradient descends.
    With `weight_decay` w, each update also subtracts rate * w * p, apart from the gradient
    (Loshchilov and Hutter, Decoupled weight decay regularization, 2019).

    A gradient that is not finite raises FloatingPointError, and then nothing has changed. One that
    does not fit raises ShapeError or DtypeError, one that is None TapeError.

    >>> import numpy as np, bibun
    >>> w, sgd = bibun.Variable([1.0, 2.0]), bibun.optim.SGD(lambda step: 0.5 / (1 + step))
    >>> for _ in range(2):
    ...     with bibun.GradientTape() as tape:
    ...         loss = np.sum(w**2)
    ...     sgd.apply_gradients([(tape.gradient(loss, w), w)])
    >>> w
    Variable(array([0., 0.]), name='variable')
    """

    def __init__(self, learning_rate: Rate, weight_decay: float = 0.0):
        name = type(self).__name__
        if not callable(learning_rate) and not 0 <= learning_rate < np.inf:
            raise ValueError(
                f"{name}: the learning rate is a positive number or a function of the step, "
                f"not {learning_rate!r}"
            )
        _within(name, "weight_decay", weight_decay, 0, np.inf)
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.step = 0  # updates by apply_gradients
        self._of: dict[int, tuple[Variable, list[np.ndarray]]] = {}  # the slots of each Variable

    # ------------------------------------------------------------ the rule

    slots = 0  # how many arrays the rule remembers for each parameter, in its wide dtype
    squares = False  # whether it squares gradients

    @abstractmethod
    def change(
        self, p: Any, g: Any, slots: Sequence[Any], step: int, rate: Any
    ) -> tuple[Any, list[Any]]:
        """What to subtract from p at update number `step` (from 1), and the new slots."""

    @abstractmethod
    def change_in_place(
        self, out: np.ndarray, g: np.ndarray, slots: list[np.ndarray], step: int, rate: float
    ) -> None:
        """The same bits for plain arrays: writes into the slots, and the change into `out`."""

    def _zeros(self, p: Any) -> list[np.ndarray]:
        """The slots of a parameter before the first update."""
        return [np.zeros(np.shape(p), _wide(_dtype(p))) for _ in range(self.slots)]

    # ------------------------------------------------------------ containers

    def init(self, parameters: Any) -> State:
        """The state before the first update."""
        zeros = [self._zeros(p) for p in flatten(parameters)[0]]
        return State(0, tuple([z[k] for z in zeros] for k in range(self.slots)))

    def update(self, parameters: Any, gradients: Any, state: State) -> tuple[Any, State]:
        """New parameters, in the container of the old ones, and the new state.

        >>> import numpy as np, bibun
        >>> sgd = bibun.optim.SGD(0.1)
        >>> parameters = {"w": np.array([1.0, 2.0])}
        >>> state = sgd.init(parameters)
        >>> sgd.update(parameters, {"w": np.array([1.0, 1.0])}, state)[0]
        {'w': array([0.9, 1.9])}
        """
        ps, rebuild = flatten(parameters)
        gs, _ = flatten(gradients)
        if len(ps) != len(gs) or any(len(s) != len(ps) for s in state.slots):
            held = ", ".join(str(len(s)) for s in state.slots) or "none"
            raise ShapeError(
                f"update: {len(ps)} parameters need as many gradients and slots: there are "
                f"{len(gs)} gradients, and the state holds {held}: make it by init(parameters)"
            )
        names = [getattr(p, "name", f"parameter {k}") for k, p in enumerate(ps)]
        gs = [self._checked(g, p, n, "update") for g, p, n in zip(gs, ps, names, strict=True)]
        step, rate = state.step + 1, self._rate(state.step)
        new: list[Any] = []
        slots: list[list[Any]] = [[] for _ in range(self.slots)]
        for p, g, *old in zip(ps, gs, *state.slots, strict=True):
            change, found = self.change(p, g, old, step, rate)
            q = p - change
            q = q - rate * self.weight_decay * p if self.weight_decay else q
            new.append(_plain(q if q.dtype == _dtype(p) else q.astype(_dtype(p))))
            for kept, s in zip(slots, found, strict=True):
                kept.append(_plain(s))
        return rebuild(new), State(step, tuple(slots))

    # ------------------------------------------------------------ Variables

    def apply_gradients(self, pairs: Iterable[tuple[Any, Variable]]) -> None:
        """Assign new values to Variables, given pairs of (gradient, Variable).

        Raises ValueError if there are no pairs or a Variable is there twice, TypeError for what is
        no Variable, and what the class says for gradients.
        """
        found = [(self._of_variable(g, v), v) for g, v in pairs]
        if not found:
            raise ValueError(
                "apply_gradients: there are no gradients: was the model called before?"
            )
        if len({id(v) for _, v in found}) != len(found):
            raise ValueError("apply_gradients: a Variable is there twice: add its gradients first")
        rate = float(self._rate(self.step))
        self.step += 1
        for g, v in found:
            new = self._moved(v, g, rate)
            new.flags.writeable = False  # then `assign` keeps this array instead of a copy
            v.assign(new)

    def _moved(self, v: Variable, g: np.ndarray, rate: float) -> np.ndarray:
        """The new value of a Variable, in the only array that is made here."""
        new = np.empty(v.shape, g.dtype)
        self.change_in_place(new, g, self._slots(v), self.step, rate)
        np.subtract(v.stored, new, out=new)
        if self.weight_decay:
            np.subtract(new, rate * self.weight_decay * v.stored, out=new)
        return new

    def _slots(self, v: Variable) -> list[np.ndarray]:
        if id(v) not in self._of:
            self._of[id(v)] = v, self._zeros(v)
        return self._of[id(v)][1]

    def _rate(self, step: int) -> Any:
        rate = self.learning_rate(step) if callable(self.learning_rate) else self.learning_rate
        if isinstance(rate, Duck):
            return rate
        if not 0 <= rate < np.inf:
            raise ValueError(f"{type(self).__name__}: the learning rate at step {step} is {rate}")
        return float(rate)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_of": list(self._of.values())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._of = {id(v): (v, slots) for v, slots in state["_of"]}

    # ------------------------------------------------------------ checks

    def _of_variable(self, g: Any, v: Any) -> np.ndarray:
        """The gradient of a Variable as a plain array."""
        if not isinstance(v, Variable):
            raise TypeError(
                "apply_gradients: pairs of (gradient, Variable) are needed, not a "
                f"{type(v).__name__} second"
            )
        if g is None:
            raise TapeError(
                f"apply_gradients: the gradient of {v.name!r} is None: it does not influence the "
                "loss"
            )
        g = self._checked(g, v, v.name, "apply_gradients")
        g = g._read().raw if isinstance(g, Duck) else g
        if is_abstract(g):
            raise TapeError(
                f"apply_gradients: the gradient of {v.name!r} has no value here (inside vmap): "
                "use update"
            )
        return np.asarray(g)

    def _checked(self, g: Any, p: Any, name: str, caller: str) -> Any:
        """The gradient in the dtype of the rule, if it fits and is finite."""
        g = g if isinstance(g, Duck) else np.asarray(g)
        dtype, what = _dtype(p), f"{caller}: the gradient of {name!r}"
        if g.shape != np.shape(p):
            raise ShapeError(f"{what} has shape {g.shape}, its parameter {np.shape(p)}")
        if g.dtype.kind == "c" and dtype.kind != "c":
            raise DtypeError(f"{what} is complex, its parameter {dtype}")
        g = g if g.dtype == _wide(dtype) else g.astype(_wide(dtype))
        value = g._read().raw if isinstance(g, Duck) else g
        # A finite sum of squares has only finite terms; otherwise one looks closely.
        if not is_abstract(value) and not np.isfinite(np.vdot(value, value)):
            self._explain(value, what)
        return g

    def _explain(self, g: np.ndarray, what: str) -> None:
        """Say which entries of a gradient are not finite, or too large for the rule."""
        with np.errstate(over="ignore"):
            found = np.argwhere(~np.isfinite(np.abs(g) ** 2 if self.squares else g))
        if not len(found):
            return
        first = tuple(map(int, found[0]))
        fault = "too large to be squared" if np.isfinite(g[first]) else "not finite"
        raise FloatingPointError(
            f"{what} has {len(found)} of {g.size} entries that are {fault}, the first at {first}: "
            f"{g[first]}; nothing was changed"
        )


class SGD(Optimizer):
    """p -= rate * g; with momentum m: b = m * b + g, and p -= rate * b (nesterov: g + m * b for b).

    Sources: Polyak 1964; Sutskever et al., On the importance of initialization and momentum, 2013.

    >>> import bibun
    >>> p = bibun.Variable(1.0)
    >>> bibun.optim.SGD(0.1).apply_gradients([(2.0, p)])
    >>> p
    Variable(array(0.8), name='variable')
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ):
        super().__init__(learning_rate, weight_decay)
        _within("SGD", "momentum", momentum, 0, 1)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov needs a momentum, for example 0.9")
        self.momentum, self.nesterov, self.slots = momentum, nesterov, int(momentum > 0)

    def change(
        self, p: Any, g: Any, slots: Sequence[Any], step: int, rate: Any
    ) -> tuple[Any, list[Any]]:
        """The formula."""
        if not slots:
            return rate * g, []
        b = self.momentum * slots[0] + g
        return rate * (g + self.momentum * b if self.nesterov else b), [b]

    def change_in_place(
        self, out: np.ndarray, g: np.ndarray, slots: list[np.ndarray], step: int, rate: float
    ) -> None:
        """The formula, in place."""
        for b in slots:
            np.multiply(b, self.momentum, out=b)
            np.add(b, g, out=b)
        if self.nesterov:
            np.multiply(slots[0], self.momentum, out=out)
            np.add(g, out, out=out)
            np.multiply(out, rate, out=out)
        else:
            np.multiply(slots[0] if slots else g, rate, out=out)


class Adam(Optimizer):
    """p -= rate * m' / (sqrt(v') + epsilon), with running means m of g and v of |g|^2.

    m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) |g|^2; m' = m / (1 - b1^t) and v' = v / (1 - b2^t)
    are free of the bias towards their start at zero. Source: Kingma and Ba, Adam, 2015,
    algorithm 1. With `weight_decay` it is AdamW. v is real for a complex parameter as well, so that
    a factor exp(ia) of the parameter makes no difference; PyTorch treats the two parts as two
    parameters instead, for which it does.

    >>> import numpy as np, bibun
    >>> p = bibun.Variable([1.0, 2.0])
    >>> bibun.optim.Adam(0.1).apply_gradients([(np.array([1e-3, -1e3]), p)])
    >>> np.round(p.numpy(), 3)
    array([0.9, 2.1])
    """

    slots, squares = 2, True

    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, weight_decay: float = 0.0,
    ):  # fmt: skip
        super().__init__(learning_rate, weight_decay)
        _within("Adam", "beta_1", beta_1, 0, 1)
        _within("Adam", "beta_2", beta_2, 0, 1)
        _within("Adam", "epsilon", epsilon, np.finfo(float).tiny, np.inf)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def change(
        self, p: Any, g: Any, slots: Sequence[Any], step: int, rate: Any
    ) -> tuple[Any, list[Any]]:
        """The formula, with the two bias corrections as numbers."""
        b1, b2 = self.beta_1, self.beta_2
        m = b1 * slots[0] + (1 - b1) * g
        v = b2 * slots[1] + _square(g, 1 - b2)
        first, second = (_missing(b, step, v.dtype) for b in (b1, b2))
        root = sqrt(second) if type(second) is float else np.sqrt(second)
        return m / (np.sqrt(v) * (1 / root) + self.epsilon) * (rate / first), [m, v]

    def change_in_place(
        self, out: np.ndarray, g: np.ndarray, slots: list[np.ndarray], step: int, rate: float
    ) -> None:
        """The formula, in place."""
        if g.dtype.kind == "c":
            self._change_complex(out, g, slots, step, rate)
            return
        b1, b2, (m, v) = self.beta_1, self.beta_2, slots
        np.multiply(g, 1 - b1, out=out)
        np.multiply(m, b1, out=m)
        np.add(m, out, out=m)
        np.multiply(g, 1 - b2, out=out)
        np.multiply(out, g, out=out)
        np.multiply(v, b2, out=v)
        np.add(v, out, out=v)
        np.sqrt(v, out=out)
        np.multiply(out, 1 / sqrt(1 - b2**step), out=out)
        np.add(out, self.epsilon, out=out)
        np.divide(m, out, out=out)
        np.multiply(out, rate / (1 - b1**step), out=out)

    def _change_complex(
        self, out: np.ndarray, g: np.ndarray, slots: list[np.ndarray], step: int, rate: float
    ) -> None:
        """The formula itself: `out` is complex, where |g|^2 and its root are real."""
        change, found = self.change(out, g, slots, step, rate)
        for old, new in zip((out, *slots), (change, *found), strict=True):
            np.copyto(old, new)

    def _zeros(self, p: Any) -> list[np.ndarray]:
        m, v = super()._zeros(p)
        return [m, np.zeros_like(v.real)]


# ------------------------------------------------------------ small parts


def _plain(x: Any) -> Any:
    """Arrays that nobody records are plain arrays again."""
    return x.raw if type(x) is Array and x.scope is None else x


def _missing(b: float, step: Any, dtype: np.dtype) -> Any:
    """1 - b^step, what a running mean is short of. A step that is an array shall not widen it."""
    short = 1 - b**step
    return short if isinstance(step, int) else short.astype(dtype)


def _square(g: Any, part: float) -> Any:
    """A part of |g|^2, which is real."""
    return part * g * g if g.dtype.kind == "f" else part * (g.real * g.real + g.imag * g.imag)


def _dtype(p: Any) -> np.dtype:
    dtype = getattr(p, "dtype", np.dtype(float))
    if dtype.kind not in "fc":
        raise DtypeError(f"init: a parameter has dtype {dtype}; floating-point numbers are needed")
    return dtype


def _wide(dtype: np.dtype) -> np.dtype:
    """The dtype of the rule: in half precision, epsilon would be 0 and squares would overflow."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def _within(name: str, what: str, x: float, low: float, high: float) -> None:
    if not low <= x < high:
        raise ValueError(f"{name}: {what} lies from {low} to below {high}, not {x!r}")
