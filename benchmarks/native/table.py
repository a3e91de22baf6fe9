"""The systems by name, bibun first."""

from __future__ import annotations

from .casadi import Casadi
from .cpp import Cpp
from .enzyme import Enzyme
from .frameworks import TensorFlow, TensorFlowXla, Torch, TorchCompiled
from .systems import Autograd, Bibun, Forward, Jax, System

SYSTEMS: dict[str, type[System]] = {
    s.name: s
    for s in (
        Bibun,
        Jax,
        Torch,
        TorchCompiled,
        TensorFlow,
        TensorFlowXla,
        Autograd,
        Casadi,
        Enzyme,
        Cpp,
    )
}

REFERENCES = ("c++",)
"""What is written by hand, and no peer."""

KNOWN = SYSTEMS | {Forward.name: Forward}
"""All that a process can serve."""
