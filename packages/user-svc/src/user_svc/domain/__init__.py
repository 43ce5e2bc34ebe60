"""Users, passwords, sessions and audit events, and the ports to what is outside. Standard library only."""
