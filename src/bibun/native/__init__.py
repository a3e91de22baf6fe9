"""Native execution: from graphs to machine code."""
