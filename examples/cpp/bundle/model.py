"""Bundle adjustment: a camera that sees a point, against where it was seen in the picture."""

import numpy as np


def rotated(w, p):
    """p, turned by the rotation vector w (Rodrigues), whose angle may be 0."""
    angle = np.sqrt(w @ w)
    half = np.sinc(angle / (2 * np.pi))
    axis = np.cross(w, p)
    return p + np.sinc(angle / np.pi) * axis + 0.5 * half**2 * np.cross(w, axis)


def residual(camera, point, seen):
    """Two numbers, in focal lengths; a camera is a rotation vector and a position."""
    p = rotated(camera[:3], point) + camera[3:]
    return p[:2] / p[2] - seen
