"""Pictures and texts of what bibun does."""

from .derivation import Derivation, derivation

__all__ = ["Derivation", "derivation"]
