"""The names of autograd.numpy.numpy_boxes."""

from ..tracer import Box

ArrayBox = Box

__all__ = ["ArrayBox"]
