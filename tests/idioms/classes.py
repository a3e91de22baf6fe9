"""Objects with state, properties, operators and inheritance."""

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, astuple, dataclass, field, replace
from enum import Enum
from functools import cached_property, total_ordering
from typing import NamedTuple

import numpy as np

from .suite import idiom


class Spring:
    def __init__(self, stiffness, mass=1.0):
        self.stiffness = float(stiffness)
        self.mass = mass

    @property
    def frequency(self):
        return math.sqrt(self.stiffness / self.mass)

    def position(self, t):
        return math.cos(self.frequency * t)

    @classmethod
    def soft(cls, mass):
        return cls(0.1, mass)

    @staticmethod
    def energy(k, u):
        return 0.5 * k * u**2


class DampedSpring(Spring):
    def __init__(self, stiffness, mass, damping):
        super().__init__(stiffness, mass)
        self.damping = damping

    def position(self, t):
        return super().position(t) * math.exp(-self.damping * t)


@idiom
def methods_and_properties(x):
    s = Spring(x[0], mass=x[1])
    return s.position(2.0) + Spring.soft(x[2]).frequency + s.energy(x[3], 0.3)


@idiom
def inheritance(x):
    return DampedSpring(x[0], x[1], damping=x[2]).position(1.5)


@dataclass
class Body:
    mass: float
    position: np.ndarray
    trail: list = field(default_factory=list)

    def pull(self, other):
        d = other.position - self.position
        return self.mass * other.mass * d / (np.sum(d**2) + 0.1) ** 1.5

    def move(self, force, dt=0.1):
        self.trail.append(self.position)
        self.position = self.position + dt * force / self.mass


@idiom
def dataclass_with_state(x):
    a, b = Body(x[0], np.array([x[1], 0.0])), Body(x[2], np.array([0.0, x[3]]))
    for _ in range(3):
        force = a.pull(b)
        a.move(force)
        b.move(-force)
    return np.sum((a.position - b.position) ** 2) + len(a.trail)


@dataclass(frozen=True)
class Settings:
    rate: float
    decay: float = 0.5

    def __post_init__(self):
        if not isinstance(self.rate, float):
            raise TypeError(f"rate must be a float, not {type(self.rate).__name__}")


@idiom
def frozen_dataclass(x):
    s = replace(Settings(x[0]), decay=x[1])
    rate, decay = astuple(s)
    return math.exp(-rate) * decay + asdict(s)["rate"] ** 2


class Vector:
    def __init__(self, *parts):
        self.parts = list(parts)

    def __add__(self, other):
        return Vector(*[a + b for a, b in zip(self.parts, other.parts, strict=True)])

    def __mul__(self, k):
        return Vector(*[float(k) * a for a in self.parts])

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __matmul__(self, other):
        return math.fsum(a * b for a, b in zip(self.parts, other.parts, strict=True))

    def __abs__(self):
        return math.sqrt(self @ self)

    def __getitem__(self, i):
        return self.parts[i]

    def __len__(self):
        return len(self.parts)

    def __iter__(self):
        return iter(self.parts)


@idiom
def overloaded_operators(x):
    u, v = Vector(*x[:2]), Vector(x[2], x[3])
    w = 2 * u - v * x[0]
    return abs(w) + u @ v + sum(w) * len(w) + w[1] ** 2


class Dual:
    """Forward-mode differentiation inside the code that is differentiated."""

    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    __radd__, __rmul__ = __add__, __mul__

    def sin(self):
        return Dual(math.sin(self.value), math.cos(self.value) * self.slope)


@idiom
def dual_numbers(x):
    d = Dual(x[0], 1.0)
    y = (d * d * x[1] + 3.0).sin() * d
    return y.slope * y.value


@total_ordering
class Money:
    def __init__(self, amount):
        self.amount = amount

    def __eq__(self, other):
        return self.amount == other.amount

    def __lt__(self, other):
        return self.amount < other.amount

    __hash__ = None


@idiom(looks=True)
def ordered_objects(x):
    purses = [Money(v**2) for v in x]
    return max(purses).amount - min(purses).amount + sorted(purses)[1].amount * x[0]


class Shape(ABC):
    @abstractmethod
    def area(self): ...

    def scaled_area(self, k):
        return self.area() * k**2


class Disc(Shape):
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius**2


class Rectangle(Shape):
    __slots__ = ("height", "width")

    def __init__(self, width, height):
        self.width, self.height = width, height

    def area(self):
        return self.width * self.height


@idiom
def abstract_shapes(x):
    shapes = [Disc(x[0]), Rectangle(x[1], x[2])]
    return sum(s.scaled_area(x[3]) for s in shapes)


class Layer:
    def __init__(self, n_in, n_out, seed):
        rng = np.random.default_rng(seed)
        self.weights = rng.normal(size=(n_in, n_out)) / np.sqrt(n_in)
        self.bias = np.zeros(n_out)

    def __call__(self, x):
        return np.tanh(x @ self.weights + self.bias)


class Network:
    def __init__(self, *sizes):
        self.layers = [Layer(a, b, k) for k, (a, b) in enumerate(zip(sizes, sizes[1:]))]  # noqa: B905, RUF007

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


NETWORK = Network(4, 5, 3)


@idiom
def network_made_outside(x):
    return np.sum(NETWORK(x) ** 2)


@idiom
def network_made_inside(x):
    return Network(4, 3, 1)(x)[0]


class Grid:
    def __init__(self, values):
        self.values = values

    @cached_property
    def spacing(self):
        return np.diff(self.values)

    @cached_property
    def total(self):
        return float(np.sum(self.spacing**2))


@idiom
def cached_properties(x):
    g = Grid(np.sort(x))
    return g.total * g.spacing[0] + g.total


class Accumulator:
    total = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.total *= 2
        return False

    def add(self, v):
        self.total += v
        return self


@idiom
def chained_methods(x):
    with Accumulator() as a:
        a.add(x[0] ** 2).add(x[1]).add(math.sin(x[2]))
    return a.total * x[3]


class Kind(Enum):
    LINEAR = "linear"
    SQUARE = "square"


@idiom
def chosen_by_enumeration(x):
    def apply(kind, v):
        match kind:
            case Kind.LINEAR:
                return 2.0 * v
            case Kind.SQUARE:
                return v**2

    return apply(Kind.SQUARE, x[0]) + apply(Kind("linear"), x[1]) * x[2]


class Position(NamedTuple):
    x: float
    y: float

    def norm(self):
        return math.hypot(self.x, self.y)


@idiom
def typed_tuple(x):
    return Position(x[0], x[1]).norm() * Position(*x[2:])._replace(y=x[0]).norm()


class Kalman:
    def __init__(self, mean, variance):
        self.mean, self.variance = mean, variance

    def predict(self, noise):
        self.variance = self.variance + noise
        return self

    def update(self, measured, noise):
        gain = self.variance / (self.variance + noise)
        self.mean += gain * (measured - self.mean)
        self.variance *= 1 - gain


@idiom
def kalman_filter(x):
    k, loss = Kalman(0.0, 1.0), 0.0
    for measured in [0.3, 0.5, 0.2]:
        k.predict(x[0]).update(measured, x[1])
        loss += (k.mean - x[2]) ** 2
    return loss + k.variance * x[3]


class Polynomial:
    def __init__(self, coefficients):
        self.coefficients = tuple(coefficients)

    def __call__(self, t):
        return sum(c * t**k for k, c in enumerate(self.coefficients))

    def derivative(self):
        return type(self)(k * c for k, c in enumerate(self.coefficients) if k)


@idiom
def callable_polynomial(x):
    p = Polynomial(x)
    return p(0.5) * p.derivative()(x[0])
