"""Events of other services, from a stream in Redis to the use cases: each has its effect, once."""
