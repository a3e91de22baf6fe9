"""Putting arrays together, cutting them apart, padding and repeating them."""
