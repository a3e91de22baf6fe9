"""The table of transcendental functions: exponentials, logarithms, trigonometry, hyperbolics."""
