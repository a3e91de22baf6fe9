"""Figure 8: 1/exp(x) where exp(x) overflows. Textbook rules answer nan or 0; ours need no help.

At 100 in float32 exp(x) is infinite. At 400 in float64 it is not, but its square is: a quotient
rule that divides by the square loses the derivative without a word. At 720 it is infinite again.
"""

import numpy as np

import bibun


def f(x):
    return 1 / np.exp(x)


def main():
    rows = []
    for x in (np.float32(100), np.float64(400), np.float64(720)):
        at = bibun.constant(x)
        with bibun.GradientTape() as tape:
            tape.watch(at)
            y = f(at)  # the value is NumPy's: 1 / inf = 0
        on_tape = tape.gradient(y, at)
        value, derivative = bibun.value_and_grad(f)(x)
        print(f"x = {x} ({x.dtype}): on the tape {y!s} and {on_tape!s},", end=" ")
        print(f"of the function {value!s} and {derivative!s}")
        rows.append((y, on_tape, value, derivative))
    return rows


if __name__ == "__main__":
    main()
