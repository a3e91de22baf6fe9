"""A planar arm of three links: where its tip is, minus where a camera has seen it."""

import numpy as np


def residual(params, angles, seen):
    """Of each measurement two numbers; `params` are three lengths and three offsets of angles."""
    lengths, offsets = params[:3], params[3:]
    directions = np.cumsum(angles + offsets, axis=1)
    tips = np.stack([np.cos(directions) @ lengths, np.sin(directions) @ lengths], axis=1)
    return (tips - seen).ravel()
