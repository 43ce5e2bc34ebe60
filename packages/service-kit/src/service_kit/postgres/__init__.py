"""PostgreSQL: connections in which every wait is bounded, statements, schema. Needs `service-kit[postgres]`."""

from service_kit.postgres.pool import PoolLimits, PostgresPool, open_pool, ping

__all__ = ["PoolLimits", "PostgresPool", "open_pool", "ping"]
