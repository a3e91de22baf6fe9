"""The table of special functions of scipy.special, loaded when the first of them is met."""
