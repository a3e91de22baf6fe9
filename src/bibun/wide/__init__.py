"""Wider numbers: a traced program evaluated beyond the range and the digits of its floats."""
