"""Vector spaces of values: arrays, numbers, and lists, tuples and dicts of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...array import Duck, lift
from ...derivative.boundaries import leaves_of
from ...ops.structure import cast

NUMBERS = (Duck, np.ndarray, np.generic, float, complex)


class VSpace:
    """The space in which a value lives: its zeros, its basis, sums, multiples, inner products."""

    def __init__(self, value: Any):
        leaves, self.rebuild = leaves_of(value)
        for x in leaves:
            if not isinstance(x, NUMBERS) or isinstance(x, np.bool_) or lift(x).dtype.kind == "b":
                raise TypeError(f"Can't find vector space for value {x} of type {type(x)}")
        self.types = [(lift(x).shape, lift(x).dtype) for x in leaves]
        self.single = isinstance(value, NUMBERS)

    @property
    def shape(self) -> Any:
        """The shape of an array; for containers, the container of the spaces of their values."""
        if self.single:
            return self.types[0][0]
        return self.rebuild([VSpace(np.zeros(shape, dtype)) for shape, dtype in self.types])

    @property
    def dtype(self) -> Any:
        return self.types[0][1]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def iscomplex(self) -> bool:
        return self.single and self.dtype.kind == "c"

    @property
    def size(self) -> int:
        """The dimension over the reals."""
        return sum(int(np.prod(s)) * (2 if d.kind == "c" else 1) for s, d in self.types)

    def zeros(self) -> Any:
        return self.rebuild([np.zeros(s, d)[()] for s, d in self.types])

    def ones(self) -> Any:
        """One in every coordinate: 1 + 1j in complex ones."""
        return self.rebuild(
            [np.full(s, 1 + 1j if d.kind == "c" else 1, d)[()] for s, d in self.types]
        )

    def randn(self) -> Any:
        """Normally distributed coordinates, from NumPy's global generator as in autograd."""
        return self.rebuild([_normal(s, d)[()] for s, d in self.types])

    def standard_basis(self) -> Iterator[Any]:
        for k, (shape, dtype) in enumerate(self.types):
            for i in np.ndindex(*shape):
                for unit in (1, 1j) if dtype.kind == "c" else (1,):
                    leaves = [np.zeros(s, d) for s, d in self.types]
                    leaves[k][i] = unit
                    yield self.rebuild([x[()] for x in leaves])

    def add(self, x: Any, y: Any) -> Any:
        return self._map(lambda a, b: a + b, x, y)

    mut_add = add

    def scalar_mul(self, x: Any, a: Any) -> Any:
        return self._map(lambda b: b * a, x)

    def covector(self, x: Any) -> Any:
        return self._map(lambda a: np.conj(a) if lift(a).dtype.kind == "c" else a, x)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """The real inner product: sum of conj(x) y, its real part where it is complex."""
        pairs = zip(leaves_of(x)[0], leaves_of(y)[0], strict=True)
        return sum(_inner(a, b) for a, b in pairs)

    def _map(self, f: Any, *values: Any) -> Any:
        results = map(f, *(leaves_of(v)[0] for v in values))
        pairs = zip(results, self.types, strict=True)
        return self.rebuild([cast(lift(y), d) if isinstance(y, Duck) else y for y, (_, d) in pairs])

    def __eq__(self, other: object) -> bool:
        """Whether both hold arrays of the same shapes and dtypes, in the same containers."""
        if not isinstance(other, VSpace) or self.types != other.types:
            return False
        return _skeleton(self.rebuild(self.types)) == _skeleton(other.rebuild(other.types))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"VSpace({self.rebuild([f'{d}{list(s)}' for s, d in self.types])})"


def vspace(value: Any) -> VSpace:
    """The space in which a value lives; TypeError for what is no number, array or container."""
    return value.vs if isinstance(value, SparseObject) else VSpace(value)


class SparseObject:
    """A cotangent that is only added up: `mut_add(x)` adds it to x in place and returns x."""

    def __init__(self, vs: VSpace, mut_add: Any):
        self.vs, self.mut_add = vs, mut_add


def _normal(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    x = np.asarray(np.random.randn(*shape)).astype(dtype)
    return x + 1j * np.asarray(np.random.randn(*shape)).astype(dtype) if dtype.kind == "c" else x


def _inner(a: Any, b: Any) -> Any:
    product = np.dot(np.ravel(np.conj(a)), np.ravel(b))
    return np.real(product) if lift(product).dtype.kind == "c" else product


def _skeleton(x: Any) -> Any:
    """The containers alone, comparable."""
    if isinstance(x, dict):
        return dict, {k: _skeleton(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return type(x), [_skeleton(v) for v in x]
    return x
