"""The domain's ports on real things: PostgreSQL, the clock, ids, the key set of user-svc."""
