"""Elementary functions as code: no library is called, and lanes run side by side.

Errors are at most 2 ulp (docs/mathematics.md); signs of zero, infinities, nan, subnormal numbers
and huge arguments are as NumPy has them.
"""
