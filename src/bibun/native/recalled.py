"""Recalled: ways through a function that an earlier process compiled, found before any tracing.

The store keeps, by a digest of all that the function sees (visible.py), which kernels it became,
what they decide, and how their results are put together. A process in which the function sees the
same neither traces nor differentiates it. Where something is hidden, or was changed by the trace
itself, nothing is written, and the function is traced as ever.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from hashlib import sha256
from typing import Any

import numpy as np

from ..errors import called, said
from ..graph import Type
from ..tracing.rebind import followed
from ..wide.mode import mode
from . import cached
from .arguments import Call
from .capture import Captured, Way
from .codes import Hidden
from .compiled import installed
from .familiar import Sight
from .kernel import Kernel
from .looks import Look
from .store import store
from .structure import Description, built, described, leaves

FORMAT, SUFFIX = "ways 5", ".ways"
MOST_SOUND = 16
"""Arguments of first looks that are remembered of one way."""
LITERAL = {type(None), bool, int, float, str}


class Recalled(Way):
    """A way through a function that this process has not traced."""

    def __init__(self, known: dict[str, Any], sources: list[Any], trace: Callable[[], Captured]):
        self.trace, self.known = trace if known["looks"] else None, known
        self.types = types(known["inputs"])
        self.output_types = types(known["outputs"])
        self.count, self.sources = known["count"], sources
        self.answers = [np.frombuffer(bytes.fromhex(x), d)[0] for d, x in known["answers"]]
        self.result, self.fixed = known["result"], known["fixed"]
        self.replaced, self.differentiates = known["replaced"], known["differentiates"]

    @cached_property
    def looks(self) -> list[Look]:  # type: ignore[override]
        """The derivatives that calls look at: for these the function is traced, after all."""
        traced, self.trace = self.trace and self.trace(), None
        return traced.looks if traced and traced.answers == self.answers else []

    @property
    def is_looked_at(self) -> bool:
        """Whether there are any: known without a trace."""
        return bool(self.known["looks"])

    def results(self, arrays: Sequence[Any]) -> Any:
        """What the function returns, from the arrays in it."""
        return built(self.result, arrays)


class Recall:
    """What a function sees before a call, and the file of the ways that were compiled then."""

    def __init__(self, f: Callable[..., Any], call: Call, options: str):
        self.f, self.call, self.options = f, call, options
        self.said = said.count
        kept = store().path is not None and installed()
        self.sight = sighted(f, call) if kept else None

    @property
    def name(self) -> str:
        assert self.sight is not None
        return cached.name(f"{FORMAT} {self.options} {self.sight.digest()}") + SUFFIX

    def ways(self) -> Iterator[tuple[Recalled, Kernel]]:
        """All that is known."""
        objects, call = [] if self.sight is None else self.sight.objects, self.call
        for known in self.load():
            sources = [objects[k] for k in known["sources"]]
            trace = partial(Captured, self.f, call.values, call.place, called(self.f))
            way = Recalled(known, sources, trace)
            kernel = cached.stored(known["kernel"], way.types, way.output_types)
            if kernel is not None:
                yield way, kernel

    def load(self) -> list[dict[str, Any]]:
        """The ways as they stand in the file."""
        return [] if self.sight is None else loaded(self.name)

    def confirm(self) -> None:
        """After the trace: what it saw has to be there as it was, so that no trace is missed.

        And the hooks have to have been in all that is the user's, as they are where its source is.
        A trace that warns does so in each process.
        """
        if self.sight is not None:
            after = sighted(self.f, self.call)
            whole = after is not None and after.words == self.sight.words
            quiet = self.said == said.count
            if not whole or not quiet or not all(map(followed, self.sight.codes)):
                self.sight = None

    def keep(self, way: Captured, kernel: Kernel | None) -> None:
        """Write down what was compiled."""
        result = described_result(way)
        if self.sight is None or kernel is None or result is None or not store().writes:
            return
        numbers = [self.sight.numbers.get(id(s)) for s in way.sources]
        literal = all(traced or type(x) in LITERAL for traced, x in way.fixed)
        if None in numbers or not literal:
            return
        answers = written_answers(way)
        known = {
            "kernel": cached.name(way.key), "inputs": pairs(way.types),
            "outputs": pairs(way.output_types), "count": way.count, "answers": answers,
            "sources": numbers, "result": result, "fixed": way.fixed, "looks": bool(way.looks),
            "closed": all(look.closed for look in way.looks), "sound": [],
            "replaced": way.replaced, "differentiates": way.differentiates,
        }  # fmt: skip
        others = [w for w in self.load() if w["answers"] != answers]
        store().save(self.name, json.dumps([*others, known]).encode())

    def sound(self, way: Way) -> Sound | None:
        """What is known of looks at a way's derivatives."""
        return None if self.sight is None else Sound(self.name, written_answers(way))


class Sound:
    """Arguments for which a look at the derivatives of a way has found that no digits are lost.

    The first look of a process sees what an earlier one saw, or this would be another file; where
    looks are `closed`, arguments alone decide what any of them finds.
    """

    def __init__(self, name: str, answers: list[list[str]]):
        self.name, self.answers = name, answers
        self.ways = loaded(name)
        own = [w for w in self.ways if w["answers"] == answers]
        self.closed = bool(own) and own[0]["closed"]
        self.digests = own[0]["sound"] if own else []
        self.first = True

    def knows(self, values: Sequence[Any]) -> bool:
        """Whether a look at these arguments is superfluous."""
        return (self.first or self.closed) and digest(values) in self.digests

    def seen(self, values: Sequence[Any], sound: bool) -> None:
        """After a look at these arguments: the next process knows of the first ones."""
        first, self.first = self.first, False
        new = digest(values)
        if sound and new not in self.digests:
            self.digests[:] = [*self.digests, new][-MOST_SOUND:]
            if first and self.ways and store().writes:
                store().save(self.name, json.dumps(self.ways).encode())


def loaded(name: str) -> list[dict[str, Any]]:
    """The ways in a file."""
    whole = store().load(name)
    return [] if whole is None else json.loads(whole)


def digest(values: Sequence[Any]) -> str:
    """The numbers of arguments, in a short text."""
    whole = sha256()
    for x in values:
        whole.update(np.asarray(x).tobytes())
    return whole.hexdigest()


def written_answers(way: Way) -> list[list[str]]:
    """What a way decided, as data."""
    kinds = way.output_types[way.count :]
    return [
        [t.dtype.str, np.asarray(a, t.dtype).tobytes().hex()]
        for a, t in zip(way.answers, kinds, strict=True)
    ]


def described_result(way: Way) -> Description | None:
    """How the result is built, if it is of Python's own containers."""
    tree = way.results(leaves(way.count))
    return described(tree, {id(x) for traced, x in way.fixed if not traced})


def pairs(types: Sequence[Type]) -> list[tuple[str, tuple[int, ...]]]:
    """Types as data."""
    # Not dtype.str, which is the same for the two names of a 64-bit integer.
    return [(t.dtype.char, t.shape) for t in types]


def types(pairs: Sequence[tuple[str, tuple[int, ...]]]) -> list[Type]:
    """Types from data."""
    return [Type(np.dtype(d), tuple(shape)) for d, shape in pairs]


# ------------------------------------------------------------ what is seen


def sighted(f: Callable[..., Any], call: Call) -> Sight | None:
    """All that a function can read at a call, the numbers of its arguments excepted."""
    args, named = call.place(leaves(len(call.values)))
    fixed = {id(x) for x in call.fixed}
    positional, by_name = described(args, fixed), described(named, fixed)
    if positional is None or by_name is None:
        return None
    printing = np.get_printoptions()
    if printing["formatter"] or printing["override_repr"]:  # functions
        return None
    sight = Sight()
    versions = sys.version, cached.version("scipy", "version.py")
    sight.say(*versions, str(mode()), sorted(np.geterr().items()), sorted(printing.items()))
    sight.say(pairs([Type(v.dtype, v.shape) for v in call.values]))
    try:
        arguments(sight, positional)
        arguments(sight, by_name)
        sight.value(f)
        sight.settle()
    except (Hidden, RuntimeError):  # the latter of dicts that change meanwhile, or of recursion
        return None
    return sight


def arguments(sight: Sight, tree: Description) -> None:
    """Say where arrays stand in the arguments, and what stands there beside them."""
    kind, *rest = tree
    if kind == "fixed":
        sight.value(rest[0])
        return
    parts = [] if kind == "array" else rest[-1]
    sight.say(kind, len(parts), rest[0] if kind in ("array", "dict") else None)
    for part in parts:
        arguments(sight, part)
