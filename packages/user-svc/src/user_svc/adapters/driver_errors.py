"""Translates the drivers' exceptions into the domain's. service_kit.stores.failures classifies them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from redis.exceptions import RedisError
from service_kit.postgres.failures import postgres_failure
from service_kit.redis.failures import redis_failure
from service_kit.stores.failures import StoreFailure

from user_svc.domain.errors import DependencyUnavailableError


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Raises DependencyUnavailableError for the errors of psycopg that mean that PostgreSQL is unavailable."""
    try:
        yield
    except psycopg.Error as exc:
        if postgres_failure(exc) is StoreFailure.BROKEN:
            raise
        raise DependencyUnavailableError("postgres") from exc


@contextmanager
def redis_errors() -> Iterator[None]:
    """Raises DependencyUnavailableError for the errors of redis-py that mean that Redis is unavailable."""
    try:
        yield
    except (RedisError, OSError) as exc:
        if redis_failure(exc) is StoreFailure.BROKEN:
            raise
        raise DependencyUnavailableError("redis") from exc
