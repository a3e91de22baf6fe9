"""NumPy's functions that change shapes and the order of elements."""
