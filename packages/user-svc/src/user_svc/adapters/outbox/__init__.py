"""Events for other services: written to a table with what they tell of, and relayed from there to a stream in Redis."""
