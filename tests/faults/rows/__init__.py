"""A row of the table in a module each."""
