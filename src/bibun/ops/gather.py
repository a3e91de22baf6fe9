"""Reading parts of an array, and adding parts into zeros: each is the transpose of the other."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numpy as np

from ..array import Array, bind
from ..errors import ShapeError
from ..graph import Example, Linear, Op, Type, operation, type_of
from ..notation import ATOM, Text
from ..zeros import zeroed
from .adding import WHOLE, Write, adder, into_zeros, layout, points
from .putting import put, touched
from .structure import Transpose, expand_to, reshape_to

Place = int | tuple[int, int, int] | None


@operation
class Slice(Op):
    """y = x[..., *places]: an integer drops its axis, a range thins it, None keeps it."""

    kind = "view"
    keeps_zeros = True
    places: tuple[Place, ...]  # for the last axes; integers and starts are not negative
    count, repeats = 0, False  # number of indices; whether a place may be read twice

    def type(self, x):
        lead = len(x.shape) - len(self.places)
        lengths = []
        for n, p in zip(x.shape[max(lead, 0) :], self.places, strict=False):
            chosen = range(p, p + 1) if isinstance(p, int) else range(n) if p is None else range(*p)
            if lead < 0 or (len(chosen) and not (0 <= chosen[0] < n and 0 <= chosen[-1] < n)):
                raise ShapeError(f"slice: {self.places} does not lie within {x}")
            if not isinstance(p, int):
                lengths.append(len(chosen))
        return Type(x.dtype, (*x.shape[:lead], *lengths))

    def value(self, x):
        return x[self.index(len(x.shape))]

    def kernel(self, x):
        return itemgetter(self.index(len(x.shape)))

    def index(self, ndim: int) -> tuple:
        """NumPy's index for an array of that many axes."""
        return (WHOLE,) * (ndim - len(self.places)) + self._last

    @cached_property
    def _last(self) -> tuple[int | slice, ...]:
        return tuple(_index(p) for p in self.places)

    def view(self, x):
        return x[(*self.index(len(x.shape)), ...)]  # of a single element, too

    def written(self, x, rest, y):
        return put(x, self, rest, y)

    def assigner(self, out: Type, v: Type) -> Write:
        """How v is written where this reads."""
        return self.writer(out, True, v)

    def writer(self, out: Type, fresh: bool, g: Type) -> Write:
        """How g is added to what this reads of `out`, which is zero if it is fresh."""
        index = self.index(len(out.shape))

        def add(out, g):
            out[index] += g

        return (lambda out, g: operator.setitem(out, index, g)) if fresh else add

    def d(self, y, x):
        def pull(g):
            if y.shape == x.shape:  # the whole, or the whole in reverse order
                return bind(self, g)
            return scatter(x.shape, [(self, (), g)])

        return (Linear(push=lambda t: bind(self, t), pull=pull),)

    def notation(self, y, x):
        return Text(f"{x:atom}[{self.brackets()}]", ATOM)

    def brackets(self) -> str:
        """What stands in brackets behind the array that is read."""
        return ", ".join(map(_place, self.places))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((1, None)), ((2, 3),))
        yield Example(cls(((2, -1, -1),)), ((2, 3),))
        yield Example(cls((0, (1, 4, 2), None)), ((2, 4, 2),))


def _place(p: Place) -> str:
    """A place as NumPy's users write it."""
    if p is None or isinstance(p, int):
        return ":" if p is None else str(p)
    start, stop, step = p
    return f"{start}:{stop if stop >= 0 else ''}" + (f":{step}" if step != 1 else "")


def _index(p: Place) -> int | slice:
    if p is None or isinstance(p, int):
        return WHOLE if p is None else p
    start, stop, step = p
    return slice(start, None if stop < 0 else stop, step)


@operation
class Gather(Op):
    """y[b, l, k, r] = x[b, l, i[b, k], r]: index arrays in place of `axes`.

    An index array has `rank` axes k, of length 1 where it repeats itself, after axes b that it
    shares with x. The axes k stand where the first of the `axes` was. `unique` promises that
    nothing is read twice.
    """

    kind = "call"
    keeps_zeros = True
    axes: tuple[int, ...]  # negative and sorted
    rank: int
    unique: bool = False

    @property
    def count(self) -> int:
        """The number of index arrays."""
        return len(self.axes)

    @property
    def repeats(self) -> bool:
        """Whether it may read a place twice."""
        return self.rank > 0 and not self.unique

    def type(self, x, *indices):
        n, batch = len(x.shape), len(indices[0].shape) - self.rank
        first = n + self.axes[0]
        try:
            full = np.broadcast_shapes(*(i.shape for i in indices))
            shared = zip(full[:batch], x.shape, strict=False)
            fits = len(full) - self.rank == batch <= first and all(m in (1, k) for m, k in shared)
        except ValueError:
            fits = False
        if not fits or any(i.dtype.kind not in "iu" for i in indices):
            raise ShapeError(
                f"gather: {', '.join(map(str, indices))} are no indices of {x} along {self.axes}"
            )
        rest = (x.shape[k] for k in range(first, n) if k - n not in self.axes)
        return Type(x.dtype, (*x.shape[:first], *full[batch:], *rest))

    def value(self, x, *indices):
        return self.kernel(type_of(x), *map(type_of, indices))(x, *indices)

    def kernel(self, x, *indices):
        if len(self.axes) == 1 and len(indices[0].shape) == self.rank:
            axis = self.axes[0]
            return lambda x, i: x.take(i, axis)
        fill, order = layout(self.axes, self.rank, x.shape, len(indices[0].shape))

        def read(x, *indices):
            y = x[fill(indices)]
            return y if order is None else y.transpose(order)

        return read

    def view(self, x, *indices):
        if self.rank or len(indices[0].shape):
            return self.value(x, *indices)
        return x[(*layout(self.axes, 0, x.shape, 0).fill([int(i) for i in indices]), ...)]

    def written(self, x, rest, y):
        return put(x, self, rest, y)

    def writer(self, out: Type, fresh: bool, *types: Type) -> Write:
        """How g is added to what this reads of `out`, which is zero if it is fresh."""
        if not self.unique:
            return adder(self.axes, self.rank, out, *types)
        if fresh:
            return self.assigner(out, *types)
        place = self._placed(out, types)

        def add(out, *args):
            index, g = place(args)
            out[index] += g

        return add

    def _placed(self, out: Type, types: Sequence[Type]) -> Callable[[Sequence], tuple]:
        """NumPy's index into `out`, and g with its axes in NumPy's order."""
        fill, order = layout(self.axes, self.rank, out.shape, len(types[0].shape))
        if not order:  # A number stays one: in an array of objects, an array of it would stay that.
            return lambda args: (fill(args[:-1]), args[-1])
        back = tuple(np.argsort(order))
        return lambda args: (fill(args[:-1]), args[-1].transpose(back))

    def adder(self, out: Type, *types: Type) -> Write:
        """How v is added where this reads, one after the other."""
        place = self._placed(out, types)
        return lambda out, *args: np.add.at(out, *place(args))

    def assigner(self, out: Type, *types: Type) -> Write:
        """How v is written where this reads: of what is written to one place, the last stays."""
        place = self._placed(out, types)
        return lambda out, *args: operator.setitem(out, *place(args))

    def d(self, y, x, *indices):
        own = Linear(
            lambda t: bind(self, t, *indices), lambda g: scatter(x.shape, [(self, indices, g)])
        )
        return (own, *(None for _ in indices))

    def notation(self, y, x, *indices):
        return Text(f"{x:atom}[{self.brackets(*indices)}]", ATOM)

    def brackets(self, *indices: Text) -> str:
        """What stands in brackets behind the array that is read."""
        at = dict(zip(self.axes, indices, strict=True))
        return ", ".join(f"{at.get(k, ':')}" for k in range(self.axes[0], 0))

    def batch(self, args, stacked, n):
        x, *_ = args
        wide = self.widened(args[1:], stacked[1:])
        if stacked[0]:
            return bind(self, x, *wide)
        batch, first = wide[0].ndim - 1 - self.rank, x.ndim + self.axes[0]
        wide = [np.moveaxis(i, 0, batch) for i in wide]
        y = bind(Gather(self.axes, self.rank + 1), x, *wide)  # all n sets of indices read the one x
        order = (first, *(k for k in range(y.ndim) if k != first))
        return bind(Transpose(tuple(k - y.ndim for k in order)), y)

    def widened(self, indices: Sequence[Any], stacked: Sequence[bool]) -> list[Any]:
        """Index arrays beside a new first axis of x: of length 1 there, they repeat themselves."""
        if not any(stacked) and all(i.ndim == self.rank for i in indices):
            return list(indices)
        return [
            i if s else reshape_to(i, (1, *i.shape)) for i, s in zip(indices, stacked, strict=True)
        ]

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def some(*shape, n=3):
            return lambda rng: rng.integers(-n, n, shape)

        yield Example(cls((-1,), 1), ((2, 3), some(4)))
        yield Example(cls((-2,), 2), ((2, 3, 2), some(2, 2)))
        yield Example(cls((-3, -1), 1), ((2, 3, 2, 3), some(4), some(4)))
        yield Example(cls((-2, -1), 2), ((3, 3), some(2, 1), some(1, 3)))
        yield Example(cls((-1,), 0), ((2, 3), some()))
        yield Example(cls((-2,), 1, unique=True), ((3, 2), lambda rng: np.array([2, 0])))


Read = Slice | Gather


@operation
class Scatter(Op):
    """Zeros, into which each g[k] is added where reads[k] would read.

    y = sum over k of transpose(reads[k]) g[k]. The arguments are, for each read in turn, its index
    arrays and then g[k]. For bools, + is `or`.
    """

    kind = "call"
    keeps_zeros = True
    shape: tuple[int, ...]
    reads: tuple[Read, ...]

    def type(self, *args):
        out = Type(args[-1].dtype, self.shape)
        for read, (*indices, g) in zip(self.reads, self.groups(args), strict=True):
            needed = read.type(out, *indices)
            if needed != g:
                raise ShapeError(f"scatter: {read} of {out} needs {needed}, not {g}")
        return out

    @classmethod
    def added(cls, terms: Sequence[tuple[Scatter, Sequence]]) -> Array:
        """The sum of several results."""
        return scatter(
            terms[0][0].shape,
            [
                (read, tuple(indices), g)
                for op, args in terms
                for read, (*indices, g) in zip(op.reads, op.groups(args), strict=True)
            ],
        )

    def groups(self, args: Sequence) -> Iterator[Sequence]:
        """The arguments of each read."""
        ends = list(accumulate(r.count + 1 for r in self.reads))
        return (args[e - r.count - 1 : e] for r, e in zip(self.reads, ends, strict=True))

    def value(self, *args):
        return self.kernel(*map(type_of, args))(*args)

    def kernel(self, *types):
        shape, dtype = self.shape, types[-1].dtype
        out = Type(dtype, shape)
        slices = [r for r in self.reads if isinstance(r, Slice)]
        if len(types) == len(slices) > 1 and all(t.shape == () for t in types):
            return points([r.index(len(shape)) for r in slices], shape, dtype)
        groups = list(self.groups(types))
        writes = [
            r.writer(out, k == 0, *g)
            for k, (r, g) in enumerate(zip(self.reads, groups, strict=True))
        ]
        if len(writes) == 1:
            return into_zeros(writes[0], shape, dtype)
        ends = list(accumulate(map(len, groups)))
        steps = [(w, e - len(g), e) for w, g, e in zip(writes, groups, ends, strict=True)]

        def run(*args):
            y = np.zeros(shape, dtype)
            for write, start, end in steps:
                write(y, *args[start:end])
            return y

        return run

    def push(self, y, args, tangents):
        pairs = zip(self.reads, self.groups(args), self.groups(tangents), strict=True)
        moved = [(read, tuple(a[:-1]), t[-1]) for read, a, t in pairs if t[-1] is not None]
        return scatter(self.shape, moved) if moved else None

    def pull(self, y, args, g, wanted):
        found: list[Any] = []
        for read, (*indices, _), (*_, w) in zip(
            self.reads, self.groups(args), self.groups(wanted), strict=True
        ):
            found += [*(None for _ in indices), bind(read, g, *indices) if w else None]
        return tuple(found)

    def notation(self, y, *args):
        """Zeros, into which parts are added at their places."""
        groups = zip(self.reads, self.groups(args), strict=True)
        parts = (f"{g} → [{read.brackets(*indices)}]" for read, (*indices, g) in groups)
        return Text(f"scatter({', '.join(parts)})", ATOM)

    def batched(self, n):
        return Scatter((n, *self.shape), self.reads)

    def batch(self, args, stacked, n):
        wide: list[Any] = []
        for read, (*indices, g), (*flags, flag) in zip(
            self.reads, self.groups(args), self.groups(stacked), strict=True
        ):
            indices = read.widened(indices, flags) if isinstance(read, Gather) else indices
            wide += [*indices, g if flag else expand_to(g, (n, *g.shape))]
        return bind(self.batched(n), *wide)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def some(rng):
            return rng.integers(-3, 3, 4)

        yield Example(cls((2, 3), (Slice((1, None)),)), ((3,),))
        yield Example(cls((2, 3), (Slice((1, 0)), Slice((0, 2)))), ((), ()))
        yield Example(
            cls((3, 2), (Gather((-2,), 1), Slice(((0, 3, 2), None)))), (some, (4, 2), (2, 2))
        )


def scatter(shape: tuple[int, ...], parts_read: Sequence[tuple[Read, Sequence, Any]]) -> Array:
    """Zeros of this shape, into which each g is added where its read, with its indices, would read.

    What no g was added to is structurally zero.
    """
    op = Scatter(shape, tuple(read for read, _, _ in parts_read))
    y = bind(op, *(a for _, indices, g in parts_read for a in (*indices, g)))
    mask = bind(op, *(a for _, indices, g in parts_read for a in (*indices, touched(g, g))))
    return zeroed(mask, y)


@lru_cache(maxsize=4096)
def part(axis: int, place: Place) -> Slice:
    """The read of one place along one (negative) axis."""
    return Slice((place, *(None,) * (-axis - 1)))
