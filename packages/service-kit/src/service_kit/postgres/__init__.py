"""PostgreSQL, so that nothing waits for it longer than it may. Needs the extra `service-kit[postgres]`."""

from service_kit.postgres.pool import PoolLimits, PostgresPool, open_pool, ping

__all__ = ["PoolLimits", "PostgresPool", "open_pool", "ping"]
