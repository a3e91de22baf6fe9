"""The gradient tape: record what runs, then ask for derivatives of what came out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from sys import _getframe
from typing import Any

import numpy as np

from .array import Array, Duck, lift
from .derivative.derived import run
from .derivative.gradient import Reverse, aligned
from .derivative.jacobian import batch_matrix, matrices
from .errors import (
    NotDifferentiableError,
    ShapeError,
    TapeError,
    UnconnectedWarning,
    said,
    unmask,
    user_position,
)
from .graph import Type
from .guide import last, remember
from .recording import Trace, threads
from .snapshots import snapshot
from .tracing.containers import flatten
from .tracing.cuts import connected, why_unconnected
from .tracing.functional import Recorded
from .variable import Variable

UNCONNECTED = ("zero", "error", "none")


class GradientTape:
    """Records operations for automatic differentiation, as in TensorFlow.

    Trainable Variables are watched by themselves when they are read, everything else after
    `watch`. A tape gives one gradient, a `persistent` one any number. Tapes may be nested; what an
    inner tape computes is recorded by the outer one, which gives higher derivatives.

    A gradient is never None: where no path leads from a source to the target it is zero, with a
    warning that says where the path was cut (`unconnected="zero"`), or an error, or None on
    request. Shapes and dtypes are those of the sources.

    Raises TapeError where nothing was recorded, or the tape has given its gradient already;
    UnconnectedWarning is the warning. Method: reverse accumulation (Griewank and Walther,
    Evaluating Derivatives, section 3.2).

    >>> import bibun
    >>> x = bibun.Variable(3.0)
    >>> with bibun.GradientTape() as tape:
    ...     y = x**2
    >>> tape.gradient(y, x)
    Array(np.float64(6.0))
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self.persistent, self.watch_accessed_variables = persistent, watch_accessed_variables
        self._trace: Trace | None = None
        self._errors: Any = None
        self._open = self._used = self._owner = False
        self._place: tuple[Any, int] = (GradientTape, 0)  # of the with statement

    # ------------------------------------------------------------ recording

    def __enter__(self) -> GradientTape:
        if self._open:
            raise TapeError("the tape is recording already")
        frame = _getframe(1)
        self._place = frame.f_code, frame.f_lasti
        self._errors = np.errstate(all="ignore")
        self._errors.__enter__()
        self._begin()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._end()
        self._errors.__exit__(kind, error, traceback)
        unmask(error, traceback)

    def _begin(self) -> None:
        # A tape inside another (or under grad) writes into the same trace, so that both see
        # everything.
        again = self._trace is not None and self._owner and not self._used
        if threads.open and again:
            raise TapeError("the tape has recorded already, and cannot go on inside another one")
        self._owner = not threads.open
        if self._owner:
            if self._trace is None or not again:
                self._trace = Trace()
                self._trace.of_tape = True
            self._trace.start()
            if not self._trace.entries:
                self._trace.guide = last(*self._place)
        else:
            self._trace = threads.open[-1]
            self._trace.shared = True
        self._trace.users += 1
        self._trace.watching += self.watch_accessed_variables
        self._open = True

    def _end(self) -> None:
        assert self._trace is not None
        self._trace.users -= 1
        self._trace.watching -= self.watch_accessed_variables
        if self._trace.users == 0 and self._trace.of_tape:
            self._trace.stop()
            remember(self._trace.structure(), *self._place)
        self._open = False

    def watch(self, x: Any) -> None:
        """Record from now on what is computed from x.

        x is a Variable, a `constant`, or a container of them; TapeError for anything else, such as
        a plain ndarray, with which NumPy computes unseen, and outside of `with`.

        >>> import bibun
        >>> x = bibun.constant(2.0)
        >>> with bibun.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x**3
        >>> tape.gradient(y, x)
        Array(np.float64(12.0))
        """
        if not self._open or self._trace is None:
            raise TapeError("watch: the tape is not recording: call it inside `with tape:`")
        for leaf in flatten(x)[0]:
            if isinstance(leaf, Variable):
                self._trace.variables.setdefault(id(leaf), (leaf, {}))
            elif isinstance(leaf, Array):
                self._watch_array(leaf, self._trace)
            else:
                raise TapeError(
                    f"watch: a plain {type(leaf).__name__} cannot be watched, since NumPy "
                    "computes with it unseen: "
                    "make it x = bibun.constant(x) first"
                )

    @staticmethod
    def _watch_array(x: Array, trace: Trace) -> None:
        if x.scope is not None and x.scope.active:
            return  # recorded already
        value = snapshot(x.raw) if isinstance(x.raw, np.ndarray) else x.raw
        x.scope, x.index, x.raw = trace, trace.input(value), value
        trace.captured[x.index] = value

    def watched_variables(self) -> tuple[Variable, ...]:
        """The Variables that are watched, in the order of their first use.

        By themselves, being trainable, or by `watch`.
        """
        return () if self._trace is None else tuple(v for v, _ in self._trace.variables.values())

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Do not record what runs inside; an enclosing tape goes on."""
        if not self._open or self._trace is None:
            raise TapeError("stop_recording: the tape is not recording")
        alone = self._trace.users == 1 and self._trace.of_tape
        if alone:
            self._trace.pause()
        try:
            yield
        finally:
            if alone:
                self._trace.active = True
                threads.open.append(self._trace)

    def reset(self) -> None:
        """Forget what was recorded, and record anew."""
        was_open = self._open
        if was_open:
            self._end()
        self._trace, self._used = None, False
        if was_open:
            self._begin()

    # ------------------------------------------------------------ derivatives

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected: str = "zero"
    ) -> Any:
        """The gradient of the target (of the sum of its entries; of several targets together).

        It has the container of `sources`, and each entry the shape and dtype of its source. A
        source may be a Variable, a watched constant or any intermediate result. `output_gradients`
        weighs the entries of the target, in its shape.

        Raises TapeError if nothing was recorded, for a second gradient of a tape that is not
        persistent, and for an unconnected source if `unconnected` is "error";
        NotDifferentiableError for a complex target without `output_gradients`; ShapeError if these
        do not fit.
        """
        self._take("gradient", unconnected)
        leaves, rebuild = flatten(sources)
        targets = [_target(t) for t in flatten(target)[0]]
        seeds: list[Array] | None = None
        if output_gradients is not None:
            types = [Type(t.dtype, t.shape) for t in targets]
            seeds = aligned(output_gradients, types, "gradient: output_gradients")
        elif any(t.dtype.kind == "c" for t in targets):
            raise NotDifferentiableError(
                "gradient: a complex target has no gradient: take np.real or np.abs of it, or "
                "give output_gradients"
            )
        found = _gradients(targets, seeds, leaves)
        results = [
            _unconnected(leaf, targets, unconnected, np.shape(leaf)) if g is None else g
            for g, leaf in zip(found, leaves, strict=True)
        ]
        self._release()
        return rebuild(results)

    def jacobian(self, target: Any, sources: Any, unconnected: str = "zero") -> Any:
        """The Jacobian of the target, in its shape followed by that of the source.

        For containers of sources it is the container of their Jacobians. Raises TapeError as
        `gradient` does.

        >>> import numpy as np, bibun
        >>> x = bibun.Variable([1.0, 2.0])
        >>> with bibun.GradientTape() as tape:
        ...     y = x * x
        >>> tape.jacobian(y, x).numpy()
        array([[2., 0.],
               [0., 4.]])
        """
        self._take("jacobian", unconnected)
        return self._matrices(
            target, sources, unconnected, lambda r: matrices(r, "auto")[0][0][0], 0
        )

    def batch_jacobian(self, target: Any, source: Any, unconnected: str = "zero") -> Any:
        """The Jacobian of each example: target (b, m...) and source (b, n...) give (b, m..., n...).

        Examples must not influence each other. Raises TapeError as `gradient` does, and ShapeError
        without a common first axis.
        """
        self._take("batch_jacobian", unconnected)
        t, s = np.shape(target), np.shape(source)
        if not t or not s or t[0] != s[0]:
            raise ShapeError(
                f"batch_jacobian: target and source need a common first axis, not {t} and {s}"
            )
        return self._matrices(target, source, unconnected, batch_matrix, 1)

    def _matrices(
        self, target: Any, sources: Any, unconnected: str, solve: Callable, shared: int
    ) -> Any:
        leaves, rebuild = flatten(sources)
        t = _target(target)
        trace = t.scope
        results = []
        for leaf in leaves:
            blocks = [
                _wrapped(solve(_recorded(trace, [i], [t.index])))
                for i in _entries(leaf, trace)
                if trace is not None and connected(trace, i, [t.index])
            ]
            shape = (*t.shape, *np.shape(leaf)[shared:])
            results.append(
                sum(blocks[1:], blocks[0])
                if blocks
                else _unconnected(leaf, [t], unconnected, shape)
            )
        self._release()
        return rebuild(results)

    def _take(self, name: str, unconnected: str) -> None:
        if unconnected not in UNCONNECTED:
            raise ValueError(f"{name}: unconnected is one of {UNCONNECTED}, not {unconnected!r}")
        if self._trace is None:
            raise TapeError(f"{name}: nothing was recorded: compute inside `with tape:`")
        if self._used and not self.persistent:
            raise TapeError(
                f"{name}: a tape gives one derivative; for more make it "
                "GradientTape(persistent=True)"
            )

    def _release(self) -> None:
        """A tape that cannot be asked again forgets its values, if no other tape shares them."""
        self._used = True
        trace = self._trace
        if trace is None or self.persistent or trace.active or not self._owner or trace.shared:
            return
        trace.forget()


def _target(x: Any) -> Array:
    return x._read() if isinstance(x, Duck) else lift(x)


def _entries(source: Any, trace: Trace | None) -> list[int]:
    """The entries of a source: of a Variable, every version that was read."""
    if trace is None:
        return []
    if isinstance(source, Variable):
        return (
            list(trace.variables[id(source)][1].values()) if id(source) in trace.variables else []
        )
    return [source.index] if isinstance(source, Array) and source.scope is trace else []


def _recorded(trace: Any, inputs: Sequence[int], outputs: Sequence[int]) -> Recorded:
    given = [Array(trace, i, trace.values[i]) for i in inputs]
    return Recorded(trace, list(inputs), given, list(outputs), len(outputs), list, list)


def _wrapped(x: Any) -> Array:
    return x if isinstance(x, Array) else Array(None, -1, x)


def _gradients(
    targets: list[Array], seeds: list[Array] | None, leaves: list[Any]
) -> list[Array | None]:
    """The gradient with respect to each leaf; None where no path leads to a target."""
    found: list[Array | None] = [None] * len(leaves)
    for trace in dict.fromkeys(t.scope for t in targets if t.scope is not None):
        chosen = [k for k, t in enumerate(targets) if t.scope is trace]
        outputs = [targets[k].index for k in chosen]
        given = None if seeds is None else [seeds[k] for k in chosen]
        entries = [_entries(leaf, trace) for leaf in leaves]
        by_entry = _by_entry(
            trace, list(dict.fromkeys(i for e in entries for i in e)), outputs, given
        )
        for k, e in enumerate(entries):
            for g in (by_entry[i] for i in e):
                if g is not None:
                    found[k] = g if found[k] is None else found[k] + g
    return found


def _by_entry(
    trace: Trace, places: list[int], outputs: list[int], seeds: list[Array] | None
) -> dict[int, Array | None]:
    """The gradient with respect to each of these entries."""
    # A source inside the graph would cut the path to the sources before it: then one at a time.
    apart = len(places) > 1 and any(len(trace.entries[i]) > 1 for i in places)
    found: dict[int, Array | None] = {}
    for group in [[i] for i in places] if apart else [places] if places else []:
        found |= zip(group, _sweep(_recorded(trace, group, outputs), seeds), strict=True)
    return found


def _sweep(recorded: Recorded, seeds: list[Array] | None) -> list[Array | None]:
    extra = seeds or []
    step = Reverse(recorded.results, len(recorded.inputs), seeds is None)
    derived, results = run(recorded, "gradient", extra, step, seeds is None, recorded.trace.active)
    found = results[recorded.results :]
    return [None if m else _wrapped(g) for g, m in zip(found, derived.step.missing, strict=True)]


def _unconnected(source: Any, targets: list[Array], how: str, shape: tuple[int, ...]) -> Any:
    """What a source gets to which no path leads: zeros and a warning, an error, or None."""
    if how == "none":
        return None
    reason = why_unconnected(source, _entries, targets)
    if how == "error":
        raise TapeError(f"gradient: {reason}")
    where = user_position()
    said.count += 1
    warnings.warn(f"the gradient is zero: {reason}  ({where})", UnconnectedWarning, stacklevel=4)
    return Array(None, -1, np.zeros(shape, _dtype(source)))


def _dtype(source: Any) -> np.dtype:
    dtype = getattr(source, "dtype", np.dtype(float))
    return dtype if dtype.kind in "fc" else np.dtype(float)
