"""Einstein sums: NumPy's einsum with a good order of contraction."""
