"""Compiled programs measured beside compiled peers: `python -m benchmarks native`."""
