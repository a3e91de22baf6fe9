"""Layers, activations and losses: what neural networks are made of."""

from .activations import (
    elu,
    gelu,
    leaky_relu,
    linear,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    swish,
    tanh,
)
from .copies import UnbuiltError
from .dense import Activation, Dense, Flatten, Sequential
from .initializers import SeedError
from .layer import Layer
from .losses import (
    binary_cross_entropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    softmax_cross_entropy,
)

__all__ = [
    "Layer",
    "Dense",
    "Sequential",
    "Flatten",
    "Activation",
    "SeedError",
    "UnbuiltError",
    "binary_cross_entropy",
    "elu",
    "gelu",
    "huber",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mean_absolute_error",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "swish",
    "tanh",
]
