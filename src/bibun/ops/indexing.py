"""Reading parts of an array, and the scatters that are their transposes."""
