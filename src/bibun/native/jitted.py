"""A jitted function in Python: which compiled way a call takes, and when a new one is made.

With the C++ extension this is what is called if none of the ways that C++ knows fits.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from functools import partial, update_wrapper
from importlib import import_module
from itertools import chain, islice
from threading import Lock, Thread
from types import MethodType
from typing import Any

import numpy as np

from ..errors import TracingError
from ..graph import Node
from ..program import Program
from ..recording import threads
from ..tracing.rebind import rebound
from .arguments import Arguments, Call, chosen
from .bound import Again, Bound, check
from .capture import Captured
from .collector import seldom
from .compiled import Compiled, native, overwritten
from .cost import Cost
from .donation import replaced, reserve, written
from .recalled import Recall
from .visible import MISSING, Sight, shows

MOST_VARIANTS = 16
"""Ways through a function's own decisions that are compiled for one kind of arguments."""
MANY_KINDS, MOST_KINDS = 64, 256
"""Kinds of arguments of one function: how many are worth a warning, and the most of them."""
MOST_DIRECT = 32
"""Compiled ways that are tried in C++, before Python looks the right one up."""


class Jitted:
    """A function that is compiled when it is called; see `jit`."""

    def __init__(
        self,
        f: Callable[..., Any],
        static: Any,
        donate: Any,
        extension: Any,
        background: bool,
        in_place: bool,
    ):
        if not callable(f):
            raise TypeError(f"jit: a function is needed, not {type(f).__name__}")
        self.f, self.extension, self.background = f, extension, background
        self.front: Any = None  # what the user calls, if that is not this
        self.name = f"jit of {getattr(f, '__name__', type(f).__name__)}"
        self.arguments = Arguments(self.name, chosen(f, static, "static_argnums"))
        self.donated, self.in_place = chosen(f, donate, "donate"), in_place
        if in_place and not (self.donated.names or self.donated.numbers):
            raise TypeError("jit: in_place: name in donate which arguments are written to")
        self.compiled: dict[Hashable, list[Compiled]] = {}  # kinds needed last stand last
        self.direct: list[Compiled] = []  # those that C++ knows
        self.lock, self.locks = Lock(), dict[Hashable, Lock]()
        update_wrapper(self, f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if threads.open:
            return rebound(self.f)(*args, **kwargs)
        call = self.arguments.read(args, kwargs)
        variant, arrays = self.known(call) or self.new(call)
        again = partial(self.f, *args, **kwargs)
        found = variant.repairs.repaired(variant, call.values, arrays, again)
        if variant.repairs.delicate and variant in self.direct:
            self.show()
        if self.in_place:
            found = written(self.name, variant.captured, call, found)
        return variant.captured.results(found)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> str:
        name: str = vars(self)["__qualname__"]
        return name  # functions are pickled by name

    def __repr__(self) -> str:
        return f"<bibun.{self.name}>"

    # ------------------------------------------------------------ compiled ways

    def known(self, call: Call) -> tuple[Compiled, list[Any]] | None:
        """A compiled way that the function takes for these arguments, and its arrays."""
        for k, variant in enumerate(self.compiled.get(call.key, ())):
            found = variant.run(call.values)
            if found is not None:
                if k or (variant.variant and variant not in self.direct):
                    self.prefer(variant)
                return variant, found
        return None

    def new(self, call: Call) -> tuple[Compiled, list[Any]]:
        """A new way, which one thread compiles and others wait for."""
        before = self.compiled.get(call.key)
        with self.lock:
            own = self.locks.setdefault(call.key, Lock())
        with own, seldom():
            if self.compiled.get(call.key) is not before:  # perhaps what we need
                found = self.known(call)
                if found is not None:
                    return found
            recall = Recall(self.f, call, str(self.donated) if self.in_place else "")
            return (before is None and self.recalled(recall)) or self.compile(recall)

    def recalled(self, recall: Recall) -> tuple[Compiled, list[Any]] | None:
        """A way that an earlier process compiled, if one fits, and its arrays."""
        for way, kernel in recall.ways():
            made = Compiled(way, recall.call, self.extension, kernel)
            made.repairs.sound = recall.sound(way)
            self.reserve(made, recall.call)
            self.prefer(made)
        return self.known(recall.call)

    def compile(self, recall: Recall) -> tuple[Compiled, list[Any]]:
        """A new way through the function, for these arguments, and its arrays."""
        call = recall.call
        if len(self.compiled.get(call.key, ())) >= MOST_VARIANTS:
            raise TracingError(
                f"{self.name}: the values of the arguments decided in {MOST_VARIANTS} ways "
                "already how the function goes on, and each way is compiled: use np.where "
                "instead of if, and bibun.while_loop for loops that end by a value"
            )
        captured = self.captured(call)
        recall.confirm()
        made = self.meanwhile(captured, call) if self.background else self.ready(captured, recall)
        found = made.run(call.values)
        assert found is not None, "what was compiled decides as the function did"
        self.prefer(made)
        if self.background:
            # No daemon: a process does not end in the middle of LLVM's work.
            Thread(
                target=self.replace, args=(made, captured, recall), name=f"bibun: {self.name}"
            ).start()
        return made, found

    def captured(self, call: Call) -> Captured:
        """What the function does with these arguments."""
        found = Captured(self.f, call.values, call.place, self.name)
        if self.in_place:
            found.replaced = replaced(self.name, found, call, self.donated)
        return found

    def reserve(self, made: Compiled, call: Call) -> None:
        """Set memory aside for a second set of what is donated."""
        if not self.in_place:
            reserve(made, call, self.donated, self.extension)

    def ready(self, captured: Captured, recall: Recall) -> Compiled:
        """A way as native code."""
        made = Compiled(captured, recall.call, self.extension)
        self.reserve(made, recall.call)
        recall.keep(captured, made.kernel)
        made.repairs.sound = recall.sound(captured)
        return made

    def meanwhile(self, captured: Captured, call: Call) -> Compiled:
        """A way that the interpreter goes."""
        return Compiled(captured, call, self.extension, Program(captured.graph))

    def replace(self, old: Compiled, captured: Captured, recall: Recall) -> None:
        """Put native code in the place of a way; an error is raised by whoever goes it next."""
        try:
            new = self.ready(captured, recall)
        except BaseException as error:
            old.call = _raising(error)
            return
        with self.lock:
            known = self.compiled.get(old.key, [])
            if old in known:
                self.compiled[old.key] = [new if v is old else v for v in known]
                self.show()

    def prefer(self, variant: Compiled) -> None:
        """Try this variant first at the next call."""
        with self.lock:
            rest = [v for v in self.compiled.pop(variant.key, ()) if v is not variant]
            self.compiled[variant.key] = [variant, *rest]
            if len(self.compiled) > MOST_KINDS:
                oldest = next(iter(self.compiled))
                del self.compiled[oldest], self.locks[oldest]
            self.show()
            many = len(self.compiled) == MANY_KINDS and not rest
        if many:
            warnings.warn(
                f"{self.name}: compiled for {MANY_KINDS} kinds of arguments, of which the last "
                f"{MOST_KINDS} are kept. A number that changes from call to call is compiled in: "
                "give it as an array, np.float64(rate)",
                RuntimeWarning,
                stacklevel=5,
            )

    def show(self) -> None:
        """Let C++ know the ways needed last."""
        latest = chain.from_iterable(reversed(self.compiled.values()))
        direct = (v for v in latest if v.variant and not v.repairs.delicate)
        self.direct = list(islice(direct, MOST_DIRECT))
        if self.front is not None:
            self.front.use([v.variant for v in self.direct])

    def bind(self, *args: Any, **kwargs: Any) -> Callable[[], Any]:
        """A call on these very arrays, without arguments, with results in memory that stays.

        Each call of what is returned reads the arrays as they are then, and writes into the same
        result arrays: what it returns is one and the same object. Copy what has to stay. Results
        without axes are arrays of shape (), where a usual call gives numbers. Otherwise it is a
        usual call: what was decided, what is met outside, and results that are not finite are
        looked at each time, and what takes another way writes into the same results. The function
        runs once when it is bound.

        Arrays of arguments may be read-only for the function's sake, and are never written to,
        also if they are donated. They have to be in C order. Another thread needs a bound call of
        its own.

        Raises TypeError for arrays that would have to be copied, for functions with `in_place`, and
        where a later call returns something else; RuntimeError for a call while another one runs;
        TracingError under `grad`, `vmap` and tapes.

        >>> import numpy as np, bibun
        >>> x, rate = np.array([1.0, 2.0]), np.array(0.5)
        >>> step = bibun.jit(lambda x, rate: x - rate * bibun.grad(lambda x: np.sum(x**2))(x))
        >>> slower = step.bind(x, rate)
        >>> y = slower()
        >>> rate[...] = 0.25
        >>> slower() is y, y
        (True, array([0.5, 1. ]))
        """
        if self.in_place:
            raise TypeError("bind: with in_place results come where the arguments lie already")
        check(args, kwargs)
        f = self if self.front is None else self.front
        f(*args, **kwargs)
        call = self.arguments.read(args, kwargs)
        variant, arrays = self.known(call) or self.new(call)
        again = Again(f, args, kwargs, variant.captured)
        if variant.variant is None or variant.repairs.delicate:
            return Bound([np.array(x) for x in arrays], variant.captured, again)
        build = variant.captured.results
        bound = self.extension.Bound(variant.variant, call.values, build, again, threads)
        return update_wrapper(bound, self.f, assigned=("__name__", "__doc__"), updated=())

    # ------------------------------------------------------------ what was compiled

    @property
    def signatures(self) -> list[str]:
        """The kinds of arguments that were compiled, each with the number of its variants."""
        found = []
        for known in list(self.compiled.values()):
            captured = known[0].captured
            inputs = captured.types[: len(captured.types) - len(captured.sources)]
            types = ", ".join(map(str, inputs))
            found.append(f"({types})" + (f" in {len(known)} variants" if len(known) > 1 else ""))
        return found

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """What the function becomes for these arguments, without running it."""
        call = self.arguments.read(args, kwargs)
        return Lowered(self.captured(call))

    def cost(self, *args: Any, **kwargs: Any) -> Cost:
        """What a call with these arguments costs, without running it: see `Cost`."""
        return self.lower(*args, **kwargs).cost()


def _raising(error: BaseException) -> Callable[..., Any]:
    """A way that ends with an error."""

    def call(*args: Any) -> Any:
        raise error

    return call


class Lowered:
    """The forms that a function takes on its way to native code."""

    def __init__(self, captured: Captured):
        self.captured, self.graph = captured, captured.graph
        self.native = native(captured.graph, captured.replaced)

    def text(self, form: str) -> str:
        """The "graph", its "loops", the "llvm" text that is compiled, or the same in "c++"."""
        if form == "graph":
            return str(self.graph)
        if form == "loops":
            return "\n\n".join(self.native.loop_texts)
        if form == "c++":
            return "\n\n".join(self.native.cpp_texts)
        if form == "llvm":
            return "\n\n".join(self.native.texts)
        raise ValueError(f'text: the forms are "graph", "loops", "llvm" and "c++", not {form!r}')

    def cost(self) -> Cost:
        """What a call costs."""
        positions = self.captured.positions()
        places = [None if i is None else positions[i] for i in self.native.sources]
        return import_module(".counted", __package__).cost(self.native, places)

    @property
    def interpreted(self) -> list[Node]:
        """The operations that stay calls of NumPy's."""
        return self.native.interpreted

    @property
    def overwrites(self) -> list[int]:
        """The arrays of the result, by number, that are written where what they replace is read.

        Others that replace donated arguments with `in_place=True` are copied there after the call.
        """
        kernel = self.native.kernel
        return [] if kernel is None else list(overwritten(self.captured, kernel))


@shows(Jitted)
def inner(sight: Sight, f: Any) -> None:
    """A jitted function that another one calls is the function itself."""
    sight.say("jit")
    sight.value(f.f)

    def look(name: str) -> Any:  # with what users have set, be it kept in C
        found = vars(f).get(name, MISSING) if name[:2] == "__" else getattr(f, name, MISSING)
        return MISSING if type(found) is MethodType else found

    sight.holder(look)
