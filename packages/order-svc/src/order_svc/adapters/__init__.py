"""Adapters of the domain's ports: PostgreSQL, clock, ids, and user-svc over gRPC."""
