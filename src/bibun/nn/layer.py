"""Layers: functions with weights of their own, and their place in a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np

from ..array import Duck
from ..errors import ShapeError, TapeError
from ..recording import threads
from ..tracing.rebind import rebound
from ..variable import Variable
from .initializers import Initializer, initial

INTERNAL = {"_weights", "_copy"}  # attributes that are not the user's
PLAIN = {
    str,
    int,
    float,
    bool,
    type(None),
    FunctionType,
    np.ufunc,
}  # what holds no weights, quickly
Seed: TypeAlias = int | Sequence[int] | np.random.Generator


class Layer:
    """A function of arrays with weights: subclass it, make weights in `build`, use them in `call`.

    `build(input_shape)` runs once, at the first call. Weights are Variables: a tape watches them,
    and `trainable_variables` lists those of this layer and of all layers in its attributes (also in
    lists, tuples and dicts there). Where a container of arrays is wanted, a layer is one, of its
    trainable weights: `grad(lambda model: loss(model(x), y))(model)` is a layer of the same
    structure that holds the gradients, `gradient.kernel` and so on.

    Every layer has a path, such as Sequential/Dense_0, which errors and the names of weights show.
    Initial weights depend on the seed and on the path alone, not on what ran before: two
    models of one structure start alike unless their seeds differ. A layer without `seed` or `dtype`
    takes that of the layer it belongs to; the outermost has seed 0 and float64.

    Raises TypeError where there is no `call`, ShapeError for inputs or initial values that do not
    fit, SeedError for random weights made in `__init__`, UnbuiltError where a layer that was never
    called is differentiated.

    >>> import numpy as np, bibun.nn
    >>> class Custom(bibun.nn.Layer):
    ...     def __init__(self, units, activation):
    ...         super().__init__()
    ...         self.units, self.activation = units, activation
    ...     def build(self, input_shape):
    ...         self.W = self.add_weight("kernel", [int(input_shape[-1]), self.units])
    ...     def call(self, X):
    ...         return self.activation(X @ self.W)
    >>> layer = Custom(2, np.sin)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    >>> [(v.name, v.shape) for v in layer.trainable_variables]
    [('Custom/kernel', (3, 2))]
    """

    name: str | None
    seed: Seed | None
    dtype: Any
    built: bool
    _path: str | None
    _weights: dict[str, Any]
    _copy: Any  # of a layer with other arrays as weights: a copies.Copy

    def __new__(cls, *args: Any, **kwargs: Any) -> Layer:
        # Here and not in __init__, so that a subclass that forgets super().__init__() works too.
        self = super().__new__(cls)
        self._weights, self._copy, self._path = {}, None, None
        self.name = self.seed = self.dtype = None
        self.built = cls.build is Layer.build
        return self

    def __init__(self, name: str | None = None, seed: Seed | None = None, dtype: Any = None):
        self.name, self.seed, self.dtype = name, seed, dtype

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in vars(cls):
            setattr(cls, "build", _building(cls.build))  # noqa: B010

    # ------------------------------------------------------------ what subclasses write

    def build(self, input_shape: Any) -> None:
        """Make the weights, for inputs of this shape (for a container of inputs: their shapes)."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself."""
        raise TypeError(f"{self.path}: {type(self).__name__} has no method call(self, x)")

    def add_weight(
        self, *given: Any, name: str | None = None, shape: Any = None,
        initializer: Initializer = "glorot_uniform", trainable: bool = True, dtype: Any = None,
    ) -> Variable:  # fmt: skip
        """A new weight; name and shape may be given by position.

        The initializer is a name (glorot_uniform, glorot_normal, he_uniform, he_normal,
        lecun_normal, normal, uniform, zeros, ones), an array, or a function of the shape.
        """
        name, shape = self._name_and_shape(given, name, shape)
        dtype = np.dtype(dtype or self.dtype or np.float64)
        place = f"{self.path}/{name}"
        value = initial(initializer, shape, dtype, place, self._generator(place))
        self._weights[name] = weight = Variable(value, trainable, place, dtype)
        return weight

    # ------------------------------------------------------------ calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._path is None:
            self._claim(self.path)
        if not self.built:
            self.build(_shapes(args[0]) if args else ())
        try:
            call = rebound(self.call) if threads.open else self.call
            return call(*args, **kwargs)
        except Exception as error:
            if not getattr(error, "__notes__", None):  # the innermost layer says where it was
                shapes = ", ".join(str(_shapes(a)) for a in args)
                error.add_note(f"in the layer {self.path}, called with an input of shape {shapes}")
            raise

    @property
    def path(self) -> str:
        """Where the layer stands in its model, such as Sequential/Dense_0."""
        return self._path or self.name or type(self).__name__

    def expect(self, x: Any, ending: Sequence[int]) -> None:
        """Raise unless the shape of x ends like this."""
        given, n = np.shape(x), len(ending)
        if len(given) < n or given[len(given) - n :] != tuple(ending):
            needed = ", ".join(("...", *map(str, ending)))
            raise ShapeError(
                f"{self.path}: an input of shape {given} does not fit: ({needed}) is needed"
            )

    # ------------------------------------------------------------ weights

    @property
    def trainable_variables(self) -> list[Any]:
        """The trainable weights of this layer and of all inside it, each once."""
        if self._copy is not None:
            return self._copy.leaves()
        return [v for v in self.variables if v.trainable]

    @property
    def variables(self) -> list[Any]:
        """All weights of this layer and of all inside it, each once."""
        if self._copy is not None:
            leaves = iter(self._copy.leaves())
            return [next(leaves) if v.trainable else v for v in self._copy.original.variables]
        parts = (x for *_, parts in self._visit() for _, x in parts)
        return list({id(x): x for x in parts if isinstance(x, Variable)}.values())

    def named_variables(self) -> list[tuple[str, Variable]]:
        """All weights with their paths."""
        found: dict[int, tuple[str, Variable]] = {}
        for path, _, parts in self._visit():
            for name, x in parts:
                if isinstance(x, Variable):
                    found.setdefault(id(x), (f"{path}/{name}", x))
        return list(found.values())

    def walk(self) -> Iterator[tuple[str, Layer]]:
        """This layer and all inside it, each once, with their paths."""
        return ((path, layer) for path, layer, _ in self._visit())

    def get_weights(self) -> list[np.ndarray]:
        """The values of all weights, as copies."""
        return [np.array(v.stored if isinstance(v, Variable) else v) for v in self.variables]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Replace the values of all weights, in the order of `variables`."""
        if self._copy is not None:
            raise TapeError(
                f"{self.path}: this is a copy with arrays as weights: set those of the model itself"
            )
        variables = self.variables
        if len(values) != len(variables):
            raise ShapeError(f"{self.path}: {len(variables)} weights are needed, not {len(values)}")
        for v, value in zip(variables, values, strict=True):
            if np.shape(value) != v.shape:
                raise ShapeError(
                    f"{v.name}: a value of shape {np.shape(value)} does not fit: "
                    f"{v.shape} is needed"
                )
        for v, value in zip(variables, values, strict=True):
            v.assign(value)

    def summary(self) -> str:
        """A table of the layers, their weights and how many numbers these hold."""
        rows = [("layer", "weights", "numbers")]
        for path, layer, parts in self._visit():
            own = [(n, x) for n, x in parts if not isinstance(x, Layer)]
            weights = ", ".join(f"{n} {x.shape}" for n, x in own)
            rows.append(
                (
                    path,
                    weights if layer.built else "(not built)",
                    f"{sum(x.size for _, x in own):,}",
                )
            )
        rows.append(("in all", "", f"{sum(np.size(v) for v in self.variables):,}"))
        a, b, c = (max(len(r[k]) for r in rows) for k in range(3))
        return "\n".join(f"{x:{a}}  {y:{b}}  {z:>{c}}" for x, y, z in rows)

    def __getattr__(self, name: str) -> Any:
        weights = self.__dict__.get("_weights", {})
        if name in weights:
            return weights[name]
        late = (
            "" if self.__dict__.get("built", True) else ": its weights are made at the first call"
        )
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{late}")

    def __repr__(self) -> str:
        weights = ", ".join(f"{name}: {x.shape}" for name, x in self._weights.items())
        return f"{type(self).__name__}({weights})"

    # ------------------------------------------------------------ inside

    def _visit(self) -> Iterator[tuple[str, Layer, list[tuple[str, Any]]]]:
        """This layer and all inside it, each once, outer ones first: path, layer and its parts."""
        seen, stack = {id(self)}, [(self.path, self)]
        while stack:
            path, layer = stack.pop()
            parts = list(layer._parts())
            yield path, layer, parts
            inner: dict[int, tuple[str, Layer]] = {}
            for name, x in parts:
                if isinstance(x, Layer) and id(x) not in seen:
                    inner.setdefault(id(x), (f"{path}/{name}", x))
            seen.update(inner)
            stack.extend(reversed(inner.values()))

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """What is directly in this layer, with its name: first weights, then layers."""
        yield from self._weights.items()
        layers = []
        for attribute, value in vars(self).items():
            if type(value) in PLAIN or attribute in INTERNAL:
                continue
            for name, x in _inside(value, attribute):
                if isinstance(x, Layer):
                    layers.append((x.name or self._label(name, x), x))
                elif not any(x is v for v in self._weights.values()):
                    yield name, x
        yield from layers

    def _label(self, name: str, layer: Layer) -> str:
        """The name of an inner layer; `name` is its attribute, blocks_0 for the first of a list."""
        return name

    def _claim(self, path: str) -> None:
        """Know the path, and let all inside know theirs."""
        self._path = path
        for place, layer, parts in self._visit():
            layer._path = place
            for name, x in parts:
                if isinstance(x, Layer):
                    x.seed = layer.seed if x.seed is None else x.seed
                    x.dtype = layer.dtype if x.dtype is None else x.dtype
                elif name in layer._weights or x.name == "variable":
                    x.name = f"{place}/{name}"

    def _name_and_shape(
        self, given: tuple, name: str | None, shape: Any
    ) -> tuple[str, tuple[int, ...]]:
        for x in given:
            if isinstance(x, str) and name is None:
                name = x
            elif not isinstance(x, str) and shape is None:
                shape = x
            else:
                raise TypeError(
                    f"{self.path}: add_weight takes a name and a shape by position, not {given}"
                )
        name = name or f"weight_{len(self._weights)}"
        shape = (shape,) if isinstance(shape, int | np.integer) else shape
        if shape is None or any(not isinstance(n, int | np.integer) or n < 0 for n in shape):
            raise ShapeError(
                f"{self.path}/{name}: a weight needs a shape of known lengths, not {shape}"
            )
        if name in self._weights:
            raise ValueError(f"{self.path}: there is a weight {name!r} already")
        return name, tuple(map(int, shape))

    def _generator(self, place: str) -> np.random.Generator | None:
        """The random numbers for the weight at this path; None where the path is not known yet."""
        if isinstance(self.seed, np.random.Generator):
            return self.seed
        if self._path is None and self.seed is None:
            return None
        seed = 0 if self.seed is None else self.seed
        return np.random.default_rng([*np.atleast_1d(seed), *place.encode()])


def _building(build: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """`build`, which knows its path before and names what it made afterwards."""

    @wraps(build)
    def built(self: Layer, input_shape: Any) -> None:
        if self._path is None:
            self._claim(self.path)
        before = dict(self._weights)
        try:
            build(self, input_shape)
        except BaseException:
            self._weights, self.built = before, False
            raise
        self.built = True
        self._claim(self.path)

    return built


def _shapes(x: Any) -> Any:
    """The shape of an input; of several in a container, the container of their shapes."""
    if isinstance(x, dict):
        return {k: _shapes(v) for k, v in x.items()}
    if isinstance(x, tuple | list) and any(isinstance(v, Duck | np.ndarray) for v in x):
        return type(x)(map(_shapes, x)) if type(x) in (tuple, list) else tuple(map(_shapes, x))
    return np.shape(x)


def _inside(x: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The Variables and layers in the value of an attribute, with their names."""
    if isinstance(x, Variable | Layer):
        yield name, x
    elif isinstance(x, tuple | list):
        for i, y in enumerate(x):
            yield from _inside(y, f"{name}_{i}")
    elif isinstance(x, dict):
        for k, y in x.items():
            yield from _inside(y, f"{name}_{k}")
