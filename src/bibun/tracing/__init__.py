"""Tracing: what runs under a trace, and in which containers it comes."""
