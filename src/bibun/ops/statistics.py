"""Means and variances along axes."""
