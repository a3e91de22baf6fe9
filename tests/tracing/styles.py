"""Python in styles of its own: heaps, descriptors, registries, match statements, generators."""

import bisect
import contextlib
import enum
import functools
import heapq
import math
from collections import ChainMap, defaultdict, deque
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import ClassVar

import numpy as np

ARRAY, LOOKS = [], set()  # at values, which vmap does not have


def style(f):
    ARRAY.append(f)
    return f


def looks(f):
    LOOKS.add(f.__name__)
    return style(f)


@looks
def dispatched_inside(x):
    @functools.singledispatch
    def size(v):
        return v * 10

    @size.register
    def _(v: float):
        return v * v

    @size.register(np.ndarray)
    def _(v):
        return v.sum()

    return size(x) + size(float(x[0])) + size(x[1]) + size(np.array(x[2]))


class Interval:
    def __init__(self, low, high):
        self.low, self.high = low, high

    def __float__(self):
        return float(math.sqrt(self.low * self.high))

    def __complex__(self):
        return complex(self.low, self.high)

    def __round__(self):
        return round(float(self))


@style
def numbers_of_objects(x):
    a = Interval(x[0], x[1])
    return float(a) * x[2] + math.exp(Interval(x[1], x[2])) + abs(complex(a)) ** 3 + x[0] * 2.0


@looks
def whole_numbers_as_keys(x):
    names = {round(3 * float(x[0])): "a", math.floor(x[1]): "b", round(Interval(4 * x[2], 1.0)): 3}
    return sum(k * v for k, v in zip(sorted(names), x, strict=False)) * len({int(x[1]), 1})


@looks
def shortest_way(x):
    ways = {0: [(1, x[0]), (2, x[1])], 1: [(2, 0.1 * x[2])], 2: []}
    found, queue = {0: 0.0}, [(0.0, 0)]
    while queue:
        length, at = heapq.heappop(queue)
        for to, step in ways[at]:
            if to not in found or length + step < found[to]:
                found[to] = length + step
                heapq.heappush(queue, (found[to], to))
    return found[2] * found[1] ** 2


@looks
def sorted_as_it_comes(x):
    row = []
    for v in x:
        bisect.insort(row, v * v)
    window = deque(row, maxlen=2)
    window.rotate(1)
    return row[bisect.bisect(row, 0.5)] * window[0] + window[1]


class Root:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, of, owner=None):
        return self if of is None else 2.0 * getattr(of, self.name)

    def __set__(self, of, value):
        setattr(of, self.name, math.sqrt(value))


class Length:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, of, owner=None):
        return math.exp(getattr(of, self.name)) if of is not None else self

    def __set__(self, of, value):
        setattr(of, self.name, math.log(value))


class Plate:
    width, height, depth = Root(), Root(), Length()

    @property
    def load(self):
        return math.sin(self.depth)

    @load.setter
    def load(self, value):
        self.depth = math.hypot(value, self.width)


@style
def descriptors(x):
    p = Plate()
    p.width, p.height = x[0], float(x[1])
    p.width = p.width * p.height
    p.load = x[2]
    p.load += x[0]
    return p.width + p.height * p.depth + p.load


class Model:
    kinds: ClassVar[dict] = {}

    def __init_subclass__(cls, scale=1.0):
        Model.kinds[cls.__name__], cls.scale = cls, scale

    @classmethod
    def make(cls, name, *args):
        return cls.kinds[name](*args)


class Power(Model, scale=2.0):
    def __init__(self, p):
        self.p = p

    def __call__(self, t):
        return self.scale * math.pow(t, self.p)


class Damped(Power, scale=3.0):
    def __call__(self, t):
        return super().__call__(t) * math.exp(-self.p)


@style
def registry(x):
    return Model.make("Power", x[0])(x[1]) + Model.make("Damped", x[2])(x[0])


@dataclass
class Part:
    a: float
    k: InitVar[float] = 2.0
    _: KW_ONLY
    b: float = 0.0
    seen: list = field(default_factory=list)

    def __post_init__(self, k):
        self.b += math.sin(self.a) * k
        self.seen.append(self.b)


@style
def made_with_extras(x):
    p, q = Part(x[0], b=x[1]), Part(float(x[2]), x[1])
    return p.b * q.b + p.seen[0] ** 2


class Wave(enum.Enum):
    SINE = "s"
    CUBE = "c"

    def __call__(self, v):
        return {Wave.SINE: math.sin, Wave.CUBE: lambda t: t**3}[self](v)


def value_of(tree, x):
    match tree:
        case ("add", a, b):
            return value_of(a, x) + value_of(b, x)
        case ("call", Wave() as f, a):
            return f(value_of(a, x))
        case {"var": i, **rest}:
            return x[i] * sum(rest.values(), 1.0)
        case c:
            return c


@style
def expression_trees(x):
    inner = ("call", Wave.SINE, {"var": 1, "times": x[0]})
    return value_of(("add", ("call", Wave.CUBE, ("add", {"var": 0}, inner)), 3 * x[2] ** 2), x)


@style
def layers_of_settings(x):
    settings = ChainMap({"a": x[0]}, {"a": 1.0, "b": x[1]})
    total = defaultdict(float)
    for k in "abab":
        total[k] += settings[k] ** 2
    return total["a"] * total["b"] * settings.new_child({"b": x[2]})["b"]


@looks
def generators_that_are_sent_to(x):
    def adding():
        total = 0.0
        for v in x:
            total += v * ((yield total) or 1.0)
        yield total

    sums = adding()
    next(sums)
    with contextlib.suppress(ZeroDivisionError):
        sums.send(x[0])
        return 1 / (float(x[1]) - float(x[1]))
    sums.send(2.0)
    return sums.send(x[2])
