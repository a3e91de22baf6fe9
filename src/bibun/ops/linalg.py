"""Linear algebra: solving, inverting, factorising."""
