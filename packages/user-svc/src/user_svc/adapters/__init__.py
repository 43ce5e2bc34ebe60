"""The domain's ports on PostgreSQL, Redis, argon2 and JOSE."""
