"""The inbox: consumes events of other services from a Redis stream, and runs each one's handler once."""
