"""The names of autograd.misc: containers as flat vectors, optimisers, traced functions kept."""

from .flatten import flatten
from .tracers import const_graph

__all__ = ["const_graph", "flatten"]
