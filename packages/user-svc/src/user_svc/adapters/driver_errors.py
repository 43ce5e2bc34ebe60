"""The drivers' exceptions in the domain's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

from user_svc.domain.errors import DependencyUnavailableError

#: What says nothing about the request itself. OperationalError covers lost and refused connections, a pool that has
#: none free in time (PoolTimeout), statements stopped by statement_timeout, deadlocks, and a server shutting down or
#: out of resources; InterfaceError a connection that was closed under us; ReadOnlySqlTransaction a server that is no
#: longer the primary. Everything else is a bug of ours.
_POSTGRES_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
#: The same of Redis: no connection, no answer in time, and a server that is no longer the primary.
_REDIS_AWAY = (RedisConnectionError, RedisTimeoutError, ReadOnlyError)


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Raise DependencyUnavailableError for what psycopg raises when PostgreSQL cannot do its part now."""
    try:
        yield
    except _POSTGRES_AWAY as exc:
        raise DependencyUnavailableError("postgres") from exc


@contextmanager
def redis_errors() -> Iterator[None]:
    """Raise DependencyUnavailableError for what redis-py raises when Redis cannot do its part now."""
    try:
        yield
    except _REDIS_AWAY as exc:
        raise DependencyUnavailableError("redis") from exc
