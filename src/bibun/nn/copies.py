"""Layers as containers: a layer with other arrays in place of its trainable weights."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import BibunError
from ..tracing.containers import container
from ..variable import Variable
from .layer import PLAIN, Layer


class UnbuiltError(BibunError, ValueError):
    """A layer has no weights yet: they are made at the first call, from the shape of the input."""


class Frame:
    """A model and its trainable Variables, whose places other arrays may take."""

    def __init__(self, model: Layer):
        found: dict[int, Variable] = {}
        for path, layer, parts in model._visit():
            if not layer.built:
                raise UnbuiltError(
                    f"{path}: the layer has no weights yet: they are made at the first call, so "
                    f"call {model.path} once on an input before you differentiate with respect "
                    "to it"
                )
            found.update((id(x), x) for _, x in parts if isinstance(x, Variable))
        self.model = model
        self.variables = [v for v in found.values() if v.trainable]

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Frame) and self.model is other.model

    def __hash__(self) -> int:
        return id(self.model)


class Copy(NamedTuple):
    """Of a layer with other arrays as weights: what it is a copy of."""

    original: Layer
    frame: Frame  # of the model that was copied as a whole
    arrays: list[Any]  # in place of its trainable Variables

    def leaves(self) -> list[Any]:
        """The arrays in place of the trainable Variables of this layer."""
        if self.original is self.frame.model:
            return list(self.arrays)
        place = {id(v): x for v, x in zip(self.frame.variables, self.arrays, strict=True)}
        return [place[id(v)] for v in self.original.trainable_variables]


def _to_leaves(layer: Layer) -> tuple[list[Any], Frame]:
    if layer._copy is not None:
        copy = layer._copy
        whole = copy.original is copy.frame.model
        return copy.leaves(), copy.frame if whole else Frame(copy.original)
    frame = Frame(layer)
    return frame.variables, frame


def _from_leaves(frame: Frame, leaves: Any) -> Layer:
    """A copy of the layer, and of those inside, with these arrays as the trainable weights."""
    return _Copying(frame, list(leaves)).of(frame.model)


class _Copying:
    """One copy of a model, in which every Variable and every layer has one image."""

    def __init__(self, frame: Frame, arrays: list[Any]):
        self.frame, self.arrays = frame, arrays
        self.place = {id(v): x for v, x in zip(frame.variables, arrays, strict=True)}
        self.made: dict[int, Layer] = {}

    def of(self, x: Any) -> Any:
        """What stands for x in the copy: x itself if no weight is inside."""
        if type(x) in PLAIN:
            return x
        if isinstance(x, Variable):
            return self.place.get(id(x), x)
        if isinstance(x, Layer):
            return self.made[id(x)] if id(x) in self.made else self._layer(x)
        if isinstance(x, tuple | list):
            new = [self.of(y) for y in x]
            if all(a is b for a, b in zip(x, new, strict=True)):
                return x
            return type(x)(*new) if hasattr(x, "_fields") else type(x)(new)
        if isinstance(x, dict):
            changed = {k: new for k, y in x.items() if (new := self.of(y)) is not y}
            return {**x, **changed} if changed else x
        return x

    def _layer(self, layer: Layer) -> Layer:
        if layer._copy is not None:
            return layer
        new = self.made[id(layer)] = object.__new__(type(layer))
        new.__dict__.update(
            {k: x if type(x) in PLAIN else self.of(x) for k, x in vars(layer).items()}
        )
        new._copy = Copy(layer, self.frame, self.arrays)
        return new


container(Layer, _to_leaves, _from_leaves)
