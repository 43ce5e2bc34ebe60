"""What users, passwords and sessions are, and the ports through which their world is reached. Standard library only."""
