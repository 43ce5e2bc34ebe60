"""Orders: their state, their rules, and the ports that they need. Imports the standard library only."""
