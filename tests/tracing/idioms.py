"""Code as people write it: functions of one number, or of an array of three, that know nothing of
bibun. Those named in LOOPS look at values, which vmap does not have.
"""

import cmath
import contextlib
import functools
import itertools
import math
import operator
from abc import ABC, abstractmethod
from collections import defaultdict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, reduce
from math import exp, pi
from numbers import Real
from typing import Generic, TypeVar

import numpy as np
import numpy.linalg as la
from numpy import array, cos, zeros
from scipy import special
from scipy.special import expit, logsumexp

from tests.tracing import physics
from tests.tracing.physics import OUTSIDE, Damped, Spring, damped

T = TypeVar("T")
NUMBER, ARRAY, LOOPS = [], [], set()


def number(f):
    NUMBER.append(f)
    return f


def of_array(f):
    ARRAY.append(f)
    return f


def looks(f):
    LOOPS.add(f.__name__)
    return f


# ------------------------------------------------------------ math and builtins


@number
def math_functions(x):
    return math.sin(x) * math.exp(x) + math.atan2(x, 2) + math.hypot(x, 1, 2)


@number
def math_special(x):
    return math.gamma(x) + math.lgamma(x) + math.erf(x) + math.erfc(x)


@number
def from_math_import(x):
    return exp(-x) * pi


@number
def math_log_base(x):
    return math.log(x, 3) + math.log(x) + math.log2(x) + math.log10(x) + math.log1p(x)


@number
def math_sums(x):
    return math.fsum([x, x**2, 1.0]) * math.prod([x, 2, x]) + math.dist([x, 0], [1, x * x])


@number
def floats(x):
    return float(x) ** 2 + float("1.5") + float(np.float64(x))


@number
def builtins(x):
    return abs(-x) + pow(x, 3) + sum([x, x * x]) + divmod(x, 10)[1]


@number
def extremes(x):
    return max(x, 0.1) * min(x, x * x, 100.0) + max([x, 3 * x]) + min(v * x for v in (2, 3))


@number
def ordered(x):
    first, _, last = sorted([3 * x, x * x, -x])
    return first * last**2 + sorted([x, -x], reverse=True)[0]


@number
@looks
def ordered_by_key(x):
    low = min([(x, 1), (-x, 2)], key=lambda p: p[0])
    return sorted([(2 * x, "a"), (x, "b")], key=operator.itemgetter(0))[0][0] * low[1] * x


@number
def rounding(x):
    return x * round(x) + x * math.floor(x) + x * math.ceil(x) + round(x, 1) * 0


@number
@looks
def as_index(x):
    table = [1.0, 2.0, 3.0, 4.0]
    return x * table[int(x)] + x * table[math.floor(x)]


@number
def type_checks(x):
    if not isinstance(x, (float, int)) or not isinstance(x, Real):
        raise TypeError
    if isinstance(x, np.ndarray) or not np.isscalar(x):
        raise TypeError
    return x**2 if type(x) is float or isinstance(x, np.floating) else x


@of_array
def array_checks(x):
    if not isinstance(x, np.ndarray) or type(x) is not np.ndarray or np.isscalar(x):
        raise TypeError
    return np.sum(x**3)


@number
@looks
def array_without_axes(x):
    y = np.array(x)
    if not isinstance(y, np.ndarray) or np.isscalar(y) or not np.isscalar(x):
        raise TypeError
    z = y
    y *= x  # also in z
    full = np.full((), x)
    full.reshape(1)[0] *= 3.0
    full[...] += z
    return z * full


@number
def mapped(x):
    return sum(map(math.sin, [x, 2 * x])) + sum(map(lambda a, b: math.pow(a, b), [x], [3]))


@number
@looks
def filtered(x):
    return sum(v for v in filter(None, [x, 0.0])) * sum(filter(lambda v: math.sin(v) > 0, [x]))


@number
def reduced(x):
    total = reduce(operator.mul, [x, x, 3.0])
    return total + functools.reduce(lambda a, b: math.hypot(a, b), [x, 1.0, x])


@number
def iterated(x):
    runs = list(itertools.accumulate([x, x, 1.0], lambda a, b: a * math.exp(b)))
    return sum(runs) + sum(itertools.starmap(math.pow, [(x, 2), (x, 3)]))


@number
def zipped(x):
    return sum(a * math.cos(b) for (i, a), b in zip(enumerate([x, 2 * x]), [x, x * x], strict=True))


@number
def operators(x):
    return operator.add(operator.truediv(x, 2), operator.pow(x, 2)) + operator.neg(math.sin(x))


@number
@looks
def branches(x):
    if math.isclose(x, 0.0) or not math.isfinite(x):
        return x
    return math.sqrt(x) if math.sin(x) > 0 else math.cos(x)


@number
@looks
def newton(a):
    x = 1.0
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return math.sin(x)


@number
@looks
def guarded(x):
    try:
        return math.log(-abs(x))
    except ValueError:
        return math.log(x)


@number
@looks
def formatted(x):
    text = f"{x:.3f} {x}" + "%.2f %s" % (x, x) + f"{float(x):8.3f}"  # noqa: UP031
    return math.tan(x / 3) * len(text[:3])


# ------------------------------------------------------------ new arrays


@number
def array_of_numbers(x):
    return np.sum(np.array([x, math.sin(x), 1.0]) ** 2)


@number
def array_of_arrays(x):
    m = np.array([[math.cos(x), -math.sin(x)], [math.sin(x), math.cos(x)]])
    return m @ np.array([1.0, x]) @ array([x, 2])


@of_array
def array_of_elements(x):
    return np.dot(np.array([x[1], x[2], x[0]]), np.asarray([x[0], 2.0, x[1] * x[2]], dtype=float))


@number
def appended(x):
    out = []
    for i in range(4):
        out.append(x**i / math.factorial(i))
    return np.sum(np.array(out)) + np.mean(out) + np.prod(out[1:])


@number
def comprehended(x):
    return np.sum(np.array([math.sin(k * x) for k in range(1, 4)]) * cos(x))


@number
def filled(x):
    return np.sum(np.full(3, x) * np.arange(3)) + np.sum(np.linspace(0, x, 5) ** 2)


@number
def listed(x):
    return np.dot([x, 1.0], [2.0, x]) + np.max([x, x / 2]) + la.norm([x, 2 * x, 1.0])


@number
def stacked(x):
    return np.sum(np.vstack([[x, 1.0], [2.0, x]]) @ np.concatenate([[x], [x * x]]))


@of_array
def plain_constants(x):
    a = np.ones((3, 3)) + np.eye(3)
    w = np.linspace(0.0, 1.0, 3)
    return np.sum(a @ x * w) + np.sum(zeros(3) + x**2)


@of_array
def added_up(x):
    total = np.zeros(3)
    for k in range(3):
        total = total + x * k
    total += x
    return np.sum(total**2)


@of_array
def methods_of_plain_arrays(x):
    a = np.arange(9.0).reshape(3, 3)
    return a.dot(x).sum() + a.copy().T.dot(x) @ x + x.dot(a[0]) * x.mean()


@of_array
def items(x):
    return x.item(0) * x[1].item() + sum(x.tolist()) ** 2 + float(x[2]) ** 3


@of_array
def vectorized(x):
    @np.vectorize
    def f(v, w):
        return math.sin(v) * w

    return np.sum(f(x, 2.0)) + np.sum(np.vectorize(damped)(x))


@of_array
def ufunc_methods(x):
    return np.add.reduce(x * x) + np.add.reduce([x[0], x[1]]) + np.multiply.outer(x, x).sum()


@of_array
def joined(x):
    m = np.c_[x, [1.0, 2.0, x[0]]]
    return np.r_[x[1], 2.0, x * x] @ np.r_[1.0, x[2], m[:, 1]] + np.block([[m], [m]]).sum()


@of_array
def by_name(x):
    return getattr(np, "sum")(getattr(math, "sin")(x[0]) * x)  # noqa: B009


@of_array
def unpacked(x):
    a, b, c = x
    first, *rest = [math.sin(a), b, c]
    return first * math.exp(b) + np.sum(np.stack(rest)) ** 2


# ------------------------------------------------------------ SciPy


@of_array
def scipy_special(x):
    return np.sum(special.expit(x) + expit(x) * special.erf(x)) + special.logsumexp(x)


@of_array
def scipy_of_lists(x):
    return logsumexp([x[0], x[1], 0.0]) + special.softmax(x) @ x


# ------------------------------------------------------------ functions


def outer_helper(x):
    return inner_helper(x) + damped(x)


def inner_helper(x):
    return float(math.cosh(x))


@number
def helpers(x):
    return outer_helper(x) * physics.damped(x)


@number
def closures(x):
    k = math.sin(x)

    def inner(y):
        nonlocal k
        k = k * math.exp(y)
        return k + float(y)

    return inner(x) * inner(2.0) + k


@number
def factorial(x, n=4):
    return 1.0 if n == 0 else math.sin(x) * factorial(x, n - 1) + float(x)


def logged(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs) * math.exp(args[0])

    return wrapper


@logged
def decorated_helper(x, *, power=2):
    return math.pow(x, power)


@number
def decorated(x):
    return decorated_helper(x) + decorated_helper(x, power=3) + decorated_helper.__wrapped__(x)


@number
def partials(x):
    return partial(math.pow, x)(2) + partial(decorated_helper, power=4)(x)


TABLE = {"damped": damped, "tanh": math.tanh, "square": lambda v: math.pow(v, 2)}


@number
def functions_in_containers(x):
    for f in [math.sin, *TABLE.values()]:
        x = f(x) + 1.0
    return x * TABLE["tanh"](x)


@functools.singledispatch
def described(x):
    raise TypeError


@described.register
def _(x: float):
    return math.sin(x)


@described.register
def _(x: np.ndarray):
    return math.cos(x[0])


@number
def dispatched(x):
    return described(x) + described(np.array([x, 1.0])) * described(2.0)


class Describer:
    scale = 3.0

    @functools.singledispatchmethod
    def of(self, x):
        raise TypeError

    @of.register
    def _(self, x: float, power=1):
        return self.scale * math.sin(x) ** power

    @of.register
    def _(self, x: np.ndarray):
        return math.cos(x[0])


@number
def dispatched_method(x):
    return Describer().of(x, power=2) + Describer().of(np.array([x, 1.0])) * Describer().of(2.0)


@number
def lambdas(x):
    f, g = lambda v: math.sin(v), lambda v: math.cos(v)
    return f(g(x)) + (lambda v: float(v) * 3)(x)


@number
def generators(x):
    def powers(y):
        while True:
            yield math.pow(x, y)
            y += 1

    return sum(itertools.islice(powers(1), 3)) + sum(math.sin(v) for v in (x, 2 * x))


@contextlib.contextmanager
def shifted(x):
    yield math.sinh(x)


class Scope:
    def __init__(self, x):
        self.x = x

    def __enter__(self):
        return math.sin(self.x)

    def __exit__(self, *error):
        return False


@number
def contexts(x):
    with shifted(x) as a, Scope(x) as b:
        return a * b


@number
def local_imports(x):
    import math as m
    from math import sin as sine

    import numpy as xp

    return sine(x) * m.cos(x) + xp.sum(xp.array([x, x * x]))


@number
def defaults(x, f=math.sin, scale=2.0, *, g=math.exp):
    return scale * f(x) * g(x)


@lru_cache(maxsize=128)
def cached_helper(n, x):
    return math.pow(x, n)


@number
def caches(x):
    @functools.cache
    def fibonacci(n):
        return x if n < 2 else fibonacci(n - 1) + math.sin(fibonacci(n - 2))

    return fibonacci(6) + cached_helper(3, x) + np.sum(physics.weights(3) * x) ** 2


@number
def module_state(x):
    return physics.count(x) ** 2 * len(physics.history) / physics.calls


# ------------------------------------------------------------ classes


@number
def made_inside(x):
    s = Spring.soft(x)
    return s(x) + s.energy(2.0) + Damped(x, c=x).energy(0.5) + Spring.square(x)


@number
def made_outside(x):
    return OUTSIDE(x) + OUTSIDE.energy(x) + sum(s.energy(x) + s(x) for s in physics.FLEET)


@number
def same_objects(x):
    return sum(a.energy(x) for a in physics.FLEET for b in physics.FLEET if a is not b)


@dataclass
class Point:
    x: float
    y: float
    z: float = field(init=False)

    def __post_init__(self):
        self.z = math.hypot(self.x, self.y)

    @functools.cached_property
    def norm(self):
        return math.sqrt(self.x**2 + self.y**2 + self.z**2)

    def __add__(self, other):
        return Point(self.x + other.x, math.sin(self.y) + other.y)

    def __neg__(self):
        return Point(-self.x, math.cos(self.y))

    def __mul__(self, k):
        return Point(float(k) * self.x, self.y)

    __rmul__ = __mul__

    def __getitem__(self, i):
        return np.array([self.x, self.y, self.z])[i]

    def __iter__(self):
        yield math.exp(-self.x)
        yield self.y

    def __matmul__(self, other):
        return np.dot(np.array([self.x, self.y]), np.array([other.x, other.y]))


ORIGIN = Point(0.3, 0.4)


@number
def dataclasses(x):
    p = Point(x, 2.0)
    return p.norm * p.z + p.norm


@number
def operators_of_classes(x):
    p = Point(x, 2.0) + ORIGIN
    return (2.0 * -p * x).norm + p[2] + sum(v for v in p) + p @ ORIGIN


Pair = namedtuple("Pair", "a b")


@number
def named_tuples(x):
    p = Pair(math.sin(x), b=float(x))
    return p.a * p.b + p._replace(a=x).a


@number
def state_in_dictionaries(x):
    state = defaultdict(list)
    for t in range(3):
        state["level"].append(math.exp(-t * x))
    state |= {"rate": float(x)}
    return np.sum(state["level"]) * state["rate"]


@number
def complex_numbers(x):
    return abs(cmath.exp(2j)) * x


class Vector:
    """Operators of every sort, with code in them that looks at single numbers."""

    def __init__(self, *parts):
        self.parts = np.array(parts)

    def __sub__(self, other):
        return Vector(*[float(a) - float(b) for a, b in zip(self.parts, other.parts, strict=True)])

    def __add__(self, other):
        return self if other == 0 else Vector(*[a + b for a, b in zip(self, other, strict=True)])

    __radd__ = __add__

    def __iadd__(self, other):
        self.parts = np.array([math.fsum(p) for p in zip(self, other, strict=True)])
        return self

    def __eq__(self, other):
        return isinstance(other, Vector) and all(map(math.isclose, self, other))

    def __iter__(self):
        return (float(p) for p in self.parts)

    def __abs__(self):
        return math.sqrt(math.fsum(p**2 for p in self))

    def __lt__(self, other):
        return math.hypot(*self) < math.hypot(*other)

    __hash__ = None


@number
@looks
def vectors(x):
    u, v = Vector(x, 2 * x), Vector(1.0, x)
    w = sum([u, v, u - v])
    w += v
    return abs(w) * (2.0 if u < w else x) + abs(max(u, w)) * (u != v) + abs(sorted([w, u])[0])


@dataclass(frozen=True)
class Settings:
    rate: float
    steps: int = 3

    @property
    def scale(self):
        return math.exp(-self.rate)


@number
def replaced_settings(x):
    return replace(Settings(2.0), rate=math.sin(x)).scale * Settings(x).steps


class Stack(Generic[T]):
    def __init__(self, *items):
        self.items = [float(i) for i in items]

    def fold(self, f):
        return reduce(f, self.items)


@number
def generic_classes(x):
    return Stack[float](x, 2 * x).fold(lambda a, b: math.atan2(a, b + 1) * b)


class Shape(ABC):
    kinds = {}  # noqa: RUF012

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        Shape.kinds[cls.__name__] = cls

    @abstractmethod
    def area(self): ...

    def __getattr__(self, name):
        if name == "double":
            return lambda: 2 * float(self.area())
        raise AttributeError(name)


class Disc(Shape):
    def __init__(self, r):
        self.r = r

    def area(self):
        return pi * math.pow(self.r, 2)


@number
def abstract_classes(x):
    return Shape.kinds["Disc"](x).double() + Disc(r=math.sin(x)).area()


@number
def classes_inside(x):
    class Local:
        k = math.sin(x)

        def __call__(self, y):
            return self.k * math.exp(y)

    return Local()(x) * Local.k


@number
def threads(x):
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda v: v * v, [x, 2 * x]))


@of_array
def polynomial_and_interpolation(x):
    return np.polyval(x, 0.5) + np.interp(x[0], [0, 1, 2], [0, 1, 4]) + np.trapezoid(x**2)


@of_array
def row_by_row(x):
    m = np.array([x, x**2])
    return np.sum(np.apply_along_axis(lambda row: math.sin(row[0]) * row, 1, m))


@of_array
@looks
def pieces(x):
    parts = [x > 1.0, x <= 1.0]
    return np.sum(np.piecewise(x, parts, [lambda v: v**2, lambda v: np.sin(v)]))
