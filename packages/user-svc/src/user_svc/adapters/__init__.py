"""The ports of the domain over PostgreSQL, Redis, argon2 and JOSE."""
