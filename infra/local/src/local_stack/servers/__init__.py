"""The servers: PostgreSQL and a Redis-compatible one from wheels, and Prometheus where it is installed."""
