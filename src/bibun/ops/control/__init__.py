"""Control flow that stays control flow: operations whose fields are graphs."""
