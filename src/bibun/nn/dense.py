"""The first layers: Dense, Sequential, Flatten, Activation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import ShapeError
from .activations import activation as named
from .initializers import Initializer
from .layer import Layer


class Dense(Layer):
    """y = activation(x W + b), over the last axis of x.

    x has shape (..., inputs), W (inputs, units), b (units,) and y (..., units). The activation is a
    name or any function of arrays, the user's own too. Weights have the dtype of the layer, float64
    by default.

    Raises ValueError if `units` is no positive integer, ShapeError for an x of other length.

    >>> import numpy as np, bibun.nn
    >>> layer = bibun.nn.Dense(2, activation=np.sin)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    >>> layer.kernel.shape, layer.bias.shape
    ((3, 2), (2,))
    """

    def __init__(
        self,
        units: int,
        activation: str | Callable[[Any], Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        **options: Any,
    ):
        super().__init__(**options)
        if not isinstance(units, int | np.integer) or units < 1:
            raise ValueError(f"Dense: units is a number of outputs, at least 1, not {units!r}")
        self.units, self.activation, self.use_bias = int(units), named(activation), use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Any) -> None:
        """Make kernel (inputs, units) and bias (units,)."""
        if len(input_shape) == 0:
            raise ShapeError(f"{self.path}: an input of shape () does not fit: (..., n) is needed")
        self.add_weight(
            "kernel", (input_shape[-1], self.units), initializer=self.kernel_initializer
        )
        if self.use_bias:
            self.add_weight("bias", (self.units,), initializer=self.bias_initializer)

    def call(self, x: Any) -> Any:
        """The formula, activation(x W + b)."""
        kernel = self.kernel
        self.expect(x, kernel.shape[:1])
        z = x @ kernel
        return self.activation(z + self.bias if self.use_bias else z)


class Sequential(Layer):
    """Layers, or any functions of one array, one after the other; TypeError for anything else.

    >>> import numpy as np, bibun.nn
    >>> from bibun.nn import Dense
    >>> model = bibun.nn.Sequential(Dense(4, "relu"), Dense(2), seed=1)
    >>> model(np.ones((5, 3))).shape
    (5, 2)
    >>> print(model.summary())
    layer               weights                    numbers
    Sequential                                           0
    Sequential/Dense_0  kernel (3, 4), bias (4,)        16
    Sequential/Dense_1  kernel (4, 2), bias (2,)        10
    in all                                              26
    """

    def __init__(self, *layers: Any, **options: Any):
        super().__init__(**options)
        if len(layers) == 1 and isinstance(layers[0], tuple | list):
            layers = tuple(layers[0])
        wrong = [x for x in layers if not callable(x)]
        if wrong:
            raise TypeError(f"Sequential: layers and functions are needed, not {wrong[0]!r}")
        self.layers = list(layers)

    def call(self, x: Any) -> Any:
        """The layers applied to x in turn."""
        for layer in self.layers:
            x = layer(x)
        return x

    def append(self, layer: Any) -> None:
        """One more layer at the end."""
        self.layers.append(layer)
        if self._path is not None:
            self._claim(self._path)

    def _label(self, name: str, layer: Layer) -> str:
        """Its class and its place: Dense_0."""
        return f"{type(layer).__name__}_{name.removeprefix('layers_')}"

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int) -> Any:
        return self.layers[i]

    def __iter__(self) -> Iterator:
        return iter(self.layers)

    def __repr__(self) -> str:
        return (
            f"Sequential({', '.join(getattr(x, '__name__', None) or repr(x) for x in self.layers)})"
        )


class Flatten(Layer):
    """All axes but the first become one; ShapeError for an array without axes.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.Flatten()(np.ones((5, 2, 3))).shape
    (5, 6)
    """

    def call(self, x: Any) -> Any:
        """The array x of shape (n, ...) in shape (n, m)."""
        if np.ndim(x) < 1:
            raise ShapeError(f"{self.path}: an input of shape () does not fit: (n, ...) is needed")
        return np.reshape(x, (np.shape(x)[0], int(np.prod(np.shape(x)[1:]))))


class Activation(Layer):
    """An activation as a layer of its own, by name or as a function; ValueError for other names.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.Activation("relu")(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __init__(self, function: str | Callable[[Any], Any], **options: Any):
        super().__init__(**options)
        self.function = named(function)

    def call(self, x: Any) -> Any:
        """The activation of x."""
        return self.function(x)
