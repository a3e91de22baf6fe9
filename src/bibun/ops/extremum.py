"""Largest and smallest elements along axes, and where they are."""
