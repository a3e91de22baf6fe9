"""Eigenvalues and Cholesky factors."""
