"""A pole on a cart: how it moves in a twentieth of a second, and what a camera sees of it."""

import numpy as np

CART, POLE, LENGTH, GRAVITY, TIME = 1.0, 0.2, 0.5, 9.81, 0.05


def rates(x, u):
    """Of place, angle (0 is upright) and their speeds, for a force on the cart."""
    _, angle, speed, turning = x
    s, c = np.sin(angle), np.cos(angle)
    push = u[0] + POLE * LENGTH * turning**2 * s
    acceleration = (push - POLE * GRAVITY * s * c) / (CART + POLE * s**2)
    return np.stack([speed, turning, acceleration, (GRAVITY * s - acceleration * c) / LENGTH])


def moved(x, u):
    """The state after TIME, by one step of Runge and Kutta's."""
    a = rates(x, u)
    b = rates(x + TIME / 2 * a, u)
    c = rates(x + TIME / 2 * b, u)
    d = rates(x + TIME * c, u)
    return x + TIME / 6 * (a + 2 * b + 2 * c + d)


def seen(x):
    """The cart's place, and that of the pole's end."""
    return np.stack([x[0], x[0] + LENGTH * np.sin(x[1]), LENGTH * np.cos(x[1])])
