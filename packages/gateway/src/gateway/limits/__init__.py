"""How much is let in: requests in a time, and requests at once."""
