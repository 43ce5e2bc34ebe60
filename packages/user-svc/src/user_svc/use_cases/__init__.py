"""What the service does: one file, one thing that somebody wants."""
