"""Benchmarks of C++: exported headers and the library beside loops by hand and peers."""
