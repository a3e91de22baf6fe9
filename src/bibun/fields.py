"""Values with named fields, compared and hashed by them: what an operation is as data."""

from __future__ import annotations

from typing import Any, dataclass_transform


@dataclass_transform(frozen_default=True)
def operation(cls: Any) -> Any:
    """A frozen dataclass in little: its annotated names are fields, compared and hashed by value.

    There are many operations, and dataclasses take half a millisecond each to make, which an import
    would feel; and an operation is hashed each time it is recorded, so that its hash is kept.
    """
    own = [n for n, t in cls.__annotations__.items() if not str(t).startswith("ClassVar")]
    cls.fields = (*cls.fields, *own)
    cls.__init__, cls.__setattr__, cls.__reduce__ = _set_fields, _refuse, _rebuild
    cls.__eq__, cls.__hash__, cls.__repr__ = _same, _kept_hash, _shown
    return cls


def _set_fields(self: Any, *values: Any, **named: Any) -> None:
    fields = self.fields
    if named or len(values) != len(fields):
        values = _all_values(self, values, named)
    self.__dict__.update(zip(fields, values, strict=True))


def _all_values(self: Any, values: tuple, named: dict[str, Any]) -> tuple:
    """A value for each field, from those given by position or name, and the defaults."""
    left = self.fields[len(values) :]
    unknown = named.keys() - set(left)
    missing = [f for f in left if f not in named and not hasattr(type(self), f)]
    if len(values) > len(self.fields) or unknown or missing:
        name, given = type(self).__name__, (*values, *sorted(named))
        raise TypeError(f"{name} has the fields {self.fields}, not {given}")
    return (*values, *(named[f] if f in named else getattr(type(self), f) for f in left))


def _refuse(self: Any, name: str, value: Any) -> None:
    raise AttributeError(f"{type(self).__name__}.{name} cannot be set: operations are frozen")


def _same(self: Any, other: Any) -> bool:
    if self is other:
        return True
    if type(self) is not type(other):
        return False
    mine, theirs = self.__dict__, other.__dict__
    for f in self.fields:
        x, y = mine[f], theirs[f]
        if x is not y and x != y:  # as tuples compare
            return False
    return True


def _kept_hash(self: Any) -> int:
    known = self.__dict__.get("_hash")
    if known is None:
        known = self.__dict__["_hash"] = hash((type(self), _values(self)))
    return known


def _rebuild(self: Any) -> tuple:
    # Without the hash: those of strings differ from process to process.
    return type(self), _values(self)


def _shown(self: Any) -> str:
    values = ", ".join(f"{f}={getattr(self, f)!r}" for f in self.fields)
    return f"{type(self).__name__}({values})"


def _values(self: Any) -> tuple:
    return tuple(self.__dict__[f] for f in self.fields)
