"""Figure 9: the same function with a gradient of our own."""

import numpy as np

import bibun


@bibun.custom_gradient
def f(x):
    y = np.exp(-x)

    def gradient(upstream):
        return -y * upstream

    return y, gradient


def main():
    rows = []
    for x in (np.float32(100), np.float64(400), np.float64(720)):
        at = bibun.constant(x)
        with bibun.GradientTape() as tape:
            tape.watch(at)
            y = f(at)
        dy = tape.gradient(y, at)
        print(f"x = {x} ({x.dtype}): value {y!s}, derivative {dy!s}")
        rows.append((y, dy))
    return rows


if __name__ == "__main__":
    main()
