"""Sums of exponentials along axes that neither overflow nor cancel."""
