"""Layers as containers: a layer with other arrays in place of its trainable weights."""

from __future__ import annotations

from typing import Any

from ..errors import BibunError
from ..tracing.containers import container
from ..variable import Variable
from .layer import PLAIN, Copy, Frame, Layer


class UnbuiltError(BibunError, ValueError):
    """A layer has no weights yet: they are made at the first call, from the shape of the input."""


def _to_leaves(layer: Layer) -> tuple[list[Any], Frame]:
    if layer._copy is not None:
        copy = layer._copy
        whole = copy.original is copy.frame.model
        return copy.leaves(), copy.frame if whole else Frame(copy.original)
    for path, inner in layer.walk():
        if not inner.built:
            raise UnbuiltError(
                f"{path}: the layer has no weights yet: they are made at the first call, so call "
                f"{layer.path} once on an input before you differentiate with respect to it"
            )
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
        new.__dict__.update({k: self.of(x) for k, x in vars(layer).items()})
        new._copy = Copy(layer, self.frame, self.arrays)
        return new


container(Layer, _to_leaves, _from_leaves)
