"""Random programs of views and writes: the same code runs on plain NumPy and on traced arrays.

A program keeps a pool of arrays. Each step makes a view, a new array, or writes into one of them;
what is drawn depends on the seed and on shapes, never on values, so that both runs do the same.
The truth is NumPy itself for the values, and the complex step for the derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun import grad, jvp, value_and_grad, vmap
from bibun.array import lift
from bibun.errors import TracingError

N, STEPS, STEP = 6, 12, 1e-30


class Refused(Exception):
    """The program does what NumPy refuses, or what bibun refuses under vmap."""


class Run:
    """One run of the program that belongs to a seed."""

    def __init__(self, seed: int, x: Any, traced: bool):
        self.rng, self.traced, self.dtype = np.random.default_rng(seed), traced, x.dtype
        self.pool: list[Any] = [x.copy(), x[::2] * 1.5, self.new((2, 3)), self.new((3, 2), "F")]
        self.log: list[str] = []
        for _ in range(STEPS):
            self.step()

    def new(self, shape: tuple[int, ...], order: str = "C") -> Any:
        a = np.zeros(shape, self.dtype, order=order)
        a[...] = np.arange(a.size).reshape(shape) / 7 - 0.3
        return lift(a) if self.traced else a  # under re-binding np.zeros gives an Array by itself

    def pick(self) -> Any:
        return self.pool[self.rng.integers(len(self.pool))]

    def one(self, table: list[Callable]) -> Callable:
        return table[self.rng.integers(len(table))]

    def step(self) -> None:
        kind = self.rng.random()
        a = self.pick()
        f = self.one(VIEWS if kind < 0.4 else FRESH if kind < 0.5 else WRITES)
        self.log.append(f"{f.__name__} {a.shape}")
        y = f(self, a)
        if y is not None and y.ndim and y.size:
            self.pool.append(y)

    def index(self, n: int) -> Any:
        start, stop = sorted(self.rng.integers(-1, n + 1, 2))
        step = int(self.rng.choice([1, 1, 2, -1]))
        chosen = [slice(None), slice(max(start, 0), stop), slice(None, None, step)]
        return [*chosen, int(self.rng.integers(n))][self.rng.integers(4)]

    def key(self, a: Any) -> tuple:
        key = [self.index(n) for n in a.shape[: self.rng.integers(1, a.ndim + 1)]]
        if self.rng.random() < 0.2:
            key.insert(int(self.rng.integers(len(key) + 1)), None)
        if self.rng.random() < 0.2:
            key.append(Ellipsis)
        return tuple(key)

    def value(self, shape: tuple[int, ...]) -> Any:
        """Something that broadcasts to this shape: traced if there is such an array."""
        shape = tuple(int(self.rng.choice([n, n, 1])) for n in shape)
        alike = [b for b in self.pool if b.shape == shape]
        if alike and self.rng.random() < 0.7:
            return alike[self.rng.integers(len(alike))]
        if self.rng.random() < 0.3:
            return float(self.rng.integers(-2, 3))
        first = np.ravel(self.pick())[0]
        return np.reshape(first, (1,) * len(shape)) * np.ones(shape) if shape else first

    def fancy(self, n: int) -> np.ndarray:
        return self.rng.integers(-n, n, self.rng.integers(1, 4))


def model(a: Any) -> np.ndarray:
    return np.zeros(a.shape, bool)


def positive(a: Any) -> Any:
    return np.real(a) > 0


# ------------------------------------------------------------ views and copies


def part(r, a):
    return a[r.key(a)]


def transpose(r, a):
    return a.T


def swap(r, a):
    return np.swapaxes(a, 0, -1)


def flip(r, a):
    return np.flip(a)


def reshape(r, a):
    shape = [(-1,), (1, -1), (-1, 1), (2, -1), (-1, 3)][r.rng.integers(5)]
    return a if a.size % 6 else a.reshape(shape)


def ravel(r, a):
    return a.ravel()


def expand(r, a):
    return a[None] if r.rng.random() < 0.5 and a.ndim < 3 else np.squeeze(a)


def pieces(r, a):
    return np.array_split(a, 2)[r.rng.integers(2)]


def row(r, a):
    return list(a)[r.rng.integers(len(a))]


def diagonal(r, a):
    return np.diagonal(a) if a.ndim > 1 else np.broadcast_to(a, (2, *a.shape))


def whole(r, a):
    return a[:]


VIEWS = [part, part, part, transpose, swap, flip, reshape, ravel, expand, pieces, row, diagonal,
         whole]  # fmt: skip


def double(r, a):
    return a * 2.0


def sine(r, a):
    return np.sin(a)


def copy(r, a):
    return a.copy()


def gathered(r, a):
    return a[r.fancy(a.shape[0])]


def flattened(r, a):
    return a.flatten()


def again(r, a):
    return a + 1.0


def read_apart(r, a):
    i = r.fancy(a.shape[0])
    return a[i, ..., i[:1] % a.shape[-1]] if a.ndim > 1 else a[i % a.size]


FRESH = [double, sine, copy, gathered, flattened, again, read_apart]


# ------------------------------------------------------------ writes


def assign(r, a):
    key = r.key(a)
    a[key] = r.value(model(a)[key].shape)


def augmented(r, a):
    key = r.key(a)
    v = r.value(model(a)[key].shape)
    if r.rng.random() < 0.5:
        a[key] += v
    else:
        a[key] *= v


def in_place(r, a):
    a += r.value(a.shape)


def out(r, a):
    np.multiply(a, r.value(a.shape), out=a)


def out_where(r, a):
    np.add(a, r.value(a.shape), out=a, where=positive(a))


def repeated(r, a):
    i = r.fancy(a.shape[0])
    a[i] = r.value((len(i), *a.shape[1:]))


def pairs(r, a):
    if a.ndim > 1:
        i, j = r.fancy(a.shape[0]), r.fancy(a.shape[-1])[:1]
        a[i, ..., j] = r.value(model(a)[i, ..., j].shape)


def masked(r, a):
    a[positive(a)] = r.value(())


def masked_array(r, a):
    m = positive(a)
    a[m] = a[m] * r.value(())


def writeable(a):
    if hasattr(a, "flags") and not a.flags.writeable:  # at which ufunc.at does not look
        raise ValueError("assignment destination is read-only")


def add_at(r, a):
    writeable(a)
    i = r.fancy(a.shape[0])
    np.add.at(a, i, r.value((len(i), *a.shape[1:])))


def multiply_at(r, a):
    writeable(a)
    i = r.fancy(a.shape[0])
    np.multiply.at(a, i, r.value((len(i), *a.shape[1:])))


def copyto(r, a):
    np.copyto(a, r.value(a.shape))


def put(r, a):
    np.put(a, r.fancy(a.size), r.pick())


def place(r, a):
    np.place(a, positive(a), r.pick() * 1.0)  # it reads what it has written, too


def putmask(r, a):
    np.putmask(a, positive(a), r.pick())


def filled(r, a):
    a.fill(r.value(()))


def on_diagonal(r, a):
    if a.ndim == 2:
        np.fill_diagonal(a, r.value(()))


def flat(r, a):
    a.flat[r.fancy(a.size)] = r.pick() * 1.0  # it reads what it has written, too


def along(r, a):
    i = r.rng.integers(0, a.shape[-1], (*a.shape[:-1], 2))
    np.put_along_axis(a, i, r.value(i.shape), -1)


def shape(r, a):
    a.shape = (a.size, 1)


WRITES = [assign, assign, assign, augmented, augmented, augmented, in_place, out, out_where,
          repeated, pairs, masked, masked_array, add_at, multiply_at, copyto, put, place, putmask,
          filled, on_diagonal, flat, along, shape]  # fmt: skip

# ------------------------------------------------------------ the checks


def results(seed: int, traced: bool = True) -> Callable[[Any], list]:
    def f(x: Any) -> list:
        return Run(seed, x, traced).pool

    return f


def weighted(arrays: list) -> Any:
    total = 0.0
    for k, a in enumerate(arrays):
        weights = np.cos(np.arange(a.size) + k).reshape(a.shape)
        total = total + np.sum(a * weights)
    return total


def outcome(f: Callable[[], Any]) -> Any:
    """What f returns, or the type of what it raises."""
    try:
        with np.errstate(all="ignore"):
            return f()
    except (ValueError, IndexError, AttributeError, TypeError) as error:
        return error


def alike(truth: Any, found: Any) -> bool:
    """Whether both are errors of the same kind, none of them one of tracing."""
    kinds = (ValueError, IndexError, AttributeError, TypeError)
    return not isinstance(found, TracingError) and any(
        isinstance(truth, k) and isinstance(found, k) for k in kinds
    )


def start(seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 1]).normal(size=N)


def check(seed: int) -> str:
    """ "" if all is right, else what is wrong."""
    x = start(seed)
    truth = outcome(lambda: results(seed, False)(x.copy()))
    found = outcome(lambda: value_and_grad(lambda x: _with_pool(seed, x), has_aux=True)(x))
    if isinstance(truth, Exception) or isinstance(found, Exception):
        # NumPy lets some writes into what is for reading only pass, if they change nothing.
        fine = alike(truth, found) or "read-only" in f"{found} {truth}"
        fine = fine or "what it has just written" in str(found)
        return "" if fine else f"NumPy: {truth!r}, bibun: {found!r}"
    (_, pool), g = found
    for a, b in zip(truth, pool, strict=True):
        if a.shape != b.shape or a.tobytes() != np.asarray(b).tobytes():
            return f"values differ: {a} and {b}"
    return _derivative(seed, x, g)


def _with_pool(seed: int, x: Any) -> tuple[Any, list]:
    pool = results(seed)(x)
    return weighted(pool), [np.copy(a) for a in pool]


def _derivative(seed: int, x: np.ndarray, g: Any) -> str:
    d = np.cos(3.0 * np.arange(N))
    with np.errstate(all="ignore"):
        exact = weighted(results(seed, False)(x + 1j * STEP * d)).imag / STEP
    if not np.isfinite(exact) or abs(exact) > 1e12:
        return ""
    # The sum of many products, each of them right to some eps.
    scale = 1e-9 * max(1.0, abs(exact), float(np.sum(np.abs(g))))
    if abs(np.sum(g * d) - exact) > scale:
        return f"gradient {np.sum(g * d)}, complex step {exact}"
    if seed % 4 == 0:
        _, t = jvp(lambda x: weighted(results(seed)(x)), (x,), (d,))
        if abs(t - exact) > scale:
            return f"jvp {t}, complex step {exact}"
    return ""


def check_vmap(seed: int) -> str:
    """The same under vmap: right, or refused because shapes or memory depend on values."""
    xs = np.stack([start(seed), start(seed) + 0.25])
    truth = outcome(lambda: [weighted(results(seed, False)(x.copy())) for x in xs])
    found = outcome(lambda: vmap(lambda x: weighted(results(seed)(x)))(xs))
    if isinstance(truth, Exception) or isinstance(found, Exception):
        fine = alike(truth, found) or isinstance(found, TracingError)
        fine = fine or "read-only" in f"{found} {truth}"
        return "" if fine else f"NumPy: {truth!r}, bibun: {found!r}"
    fine = np.allclose(found, truth, rtol=1e-12, atol=1e-12, equal_nan=True)
    if fine and seed % 4 == 0:
        f = lambda x: weighted(results(seed)(x))  # noqa: E731
        both = np.asarray(vmap(grad(f))(xs)), np.stack([grad(f)(x) for x in xs])
        fine = np.allclose(*both, rtol=1e-9, atol=1e-9, equal_nan=True)
        return "" if fine else f"vmap of grad: {both}"
    return "" if fine else f"vmap {found}, loop {truth}"


def program(seed: int) -> str:
    """The steps of a program, for a report."""
    run = object.__new__(Run)
    try:
        Run.__init__(run, seed, start(seed), False)
    except Exception as error:
        return "\n".join([*run.log, repr(error)])
    return "\n".join(run.log)
