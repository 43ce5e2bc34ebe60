"""The embedded servers: PostgreSQL and a Redis-compatible one, from wheels."""
