"""What the HTTP servers for operators have in common."""
