"""Names: identifiers of C++ for functions, arguments and what is in containers, each once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

from ..native.arguments import TRACED
from ..tracing.containers import NAMESPACE, flatten

TAKEN = re.compile(
    r"[vb]\d+(_lanes|_terms|_last)?|first|lane|rare|workspace|failed|failure|i"
    r"|product|bits|larger|smaller|filled(_bytes)?|kept"
    r"|finite|together|apart|lanes_\w+|must_be_finite|refused|std|routines|main|rows?|own_\w+"
    r"|u?int(_fast|_least)?\d+_t|u?int(max|ptr)_t|s?size_t|ptrdiff_t|max_align_t"
)
"""Names that generated functions use themselves."""
KEYWORDS = re.compile(
    r"alignas|alignof|and|and_eq|asm|auto|bitand|bitor|bool|break|case|catch|char(8_t|16_t|32_t)?"
    r"|class|co_(await|return|yield)|compl|concept|const(_cast|eval|expr|init)?|continue|decltype"
    r"|default|delete|do|double|dynamic_cast|else|enum|explicit|export|extern|false|float|for|friend"
    r"|goto|if|inline|int|long|mutable|namespace|new|noexcept|not|not_eq|nullptr|operator|or|or_eq"
    r"|private|protected|public|register|reinterpret_cast|requires|return|short|signed|sizeof"
    r"|static(_assert|_cast)?|struct|switch|template|this|thread_local|throw|true|try|typedef|typeid"
    r"|typename|union|unsigned|using|virtual|void|volatile|wchar_t|while|xor|xor_eq"
)
MACROS = re.compile(
    r"NAN|INFINITY|HUGE(_VAL[FL]?)?|NULL|EOF|errno|assert|stdin|stdout|stderr|linux|unix"
    r"|M_(1_PI|2_PI|2_SQRTPI|E|LN10|LN2|LOG10E|LOG2E|PI|PI_2|PI_4|SQRT1_2|SQRT2)|FP_[A-Z]\w+"
    r"|MATH_\w+|U?INT\w*_(MAX|MIN)|DOMAIN|OVERFLOW|UNDERFLOW|SING|PLOSS|TLOSS"
)
"""What headers of the standard library, and of systems, define."""


def words(*parts: Any) -> str:
    """An identifier of C++ from words."""
    plain = "".join(map(letter, unicodedata.normalize("NFKD", "_".join(map(str, parts)))))
    text = re.sub(r"\W+", "_", plain, flags=re.ASCII).strip("_")
    text = re.sub("__+", "_", text)
    if any(of.fullmatch(text) for of in (TAKEN, KEYWORDS, MACROS)):
        return f"{text}_"
    return text if text and not text[0].isdigit() else f"x{text}"


def letter(c: str) -> str:
    """A letter of ASCII, or the name of another one: alpha; accents are left out."""
    if c.isascii() or unicodedata.combining(c):
        return c if c.isascii() else ""
    name = unicodedata.name(c, "x").split()[-1]
    return name.capitalize() if c.isupper() else name.lower()


def distinct(found: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The same names, those that are there already with a number behind."""
    known, result = set(taken), []
    for name in found:
        k, new = 1, name
        while new in known:
            k += 1
            new = f"{name.rstrip('_')}_{k}"
        known.add(new)
        result.append(new)
    return result


def named(prefix: str, tree: Any) -> list[tuple[str, Any]]:
    """The leaves of a container with their names: `params["w"]` is params_w."""
    flatten(tree)  # registers the user's classes
    optree = import_module("optree")
    paths, leaves, _ = optree.tree_flatten_with_path(tree, none_is_leaf=True, namespace=NAMESPACE)
    pairs = [(words(prefix, *path), x) for path, x in zip(paths, leaves, strict=True)]
    kept = [(name, x) for name, x in pairs if x is not None]
    return list(zip(distinct(name for name, _ in kept), [x for _, x in kept], strict=True))


Leaves = list[list[str]]
"""Of each argument of a function the names of its arrays."""


def arguments(names: Sequence[str], args: Sequence[Any]) -> Leaves:
    """The names of all arrays in arguments; numbers of Python's are part of the code."""
    found = [
        [n for n, x in named(name, tree) if isinstance(x, TRACED)]
        for name, tree in zip(names, args, strict=True)
    ]
    return _each_once(found)


def derived(prefix: str, leaves: Leaves, which: Sequence[int]) -> list[str]:
    """The names of derivatives, tangents, ... of arguments: none is that of an argument."""
    taken = [n for own in leaves for n in own]
    # Of all arguments, so that a name is the same whichever of them are asked for.
    made = _each_once([[words(prefix, n) for n in own] for own in leaves], taken)
    return [n for k in which for n in made[k]]


def _each_once(leaves: Leaves, taken: Iterable[str] = ()) -> Leaves:
    """The same with distinct names."""
    new = iter(distinct((n for own in leaves for n in own), taken))
    return [[next(new) for _ in own] for own in leaves]
