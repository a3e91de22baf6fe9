"""Donated arguments: which result comes in the memory of which argument."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..graph import Type
from ..native.arguments import TRACED
from ..tracing.containers import NAMESPACE, flatten
from .functions import Exported, Output


def replaced(name: str, given: Exported, result: Any, types: Sequence[Type]) -> dict[int, str]:
    """The names of the arguments that results replace, by the number of the result.

    A donated argument is replaced by the first result, or element of a tuple of results, with its
    structure and its types. In `result` numbers stand for arrays, of which these are the types.
    """
    parts = list(result) if type(result) in (tuple, list) else [result]
    found: dict[int, str] = {}
    names = iter(given.inputs)
    for k, x in enumerate(given.args):
        leaves, _ = flatten(x)
        own = [next(names) for leaf in leaves if isinstance(leaf, TRACED)]
        if k not in given.donated:
            continue
        if len(own) < len(leaves):
            raise TypeError(
                f"export of {name}: a donated argument contains {_fixed(leaves)}, which is part of "
                "the code and never changes: give it as an array, such as np.asarray(0)"
            )
        taken = next((p for p in parts if _alike(x, p, types)), None)
        if taken is None:
            raise TypeError(
                f"export of {name}: no result has the structure and the types of the donated "
                f"argument {k}: {', '.join(str(_type(a)) for a in leaves)}"
            )
        parts = [p for p in parts if p is not taken]
        found |= dict(zip(flatten(taken)[0], own, strict=True))
    return found


def _alike(x: Any, part: Any, types: Sequence[Type]) -> bool:
    """Whether a part of the result, as numbers, has the structure and the types of an argument."""
    structure = import_module("optree").tree_structure
    a, b = (structure(tree, none_is_leaf=True, namespace=NAMESPACE) for tree in (x, part))
    if a != b:
        return False
    pairs = zip(flatten(x)[0], flatten(part)[0], strict=True)
    return all(isinstance(i, Output) and types[i] == _type(leaf) for leaf, i in pairs)


def _type(x: Any) -> Type:
    return Type(np.asarray(x).dtype, np.shape(x))


def _fixed(leaves: Sequence[Any]) -> str:
    """The first leaf that is no array."""
    return repr(next(x for x in leaves if not isinstance(x, TRACED)))
