"""Translates the driver's exceptions to those of the domain, as service_kit.stores.failures classifies them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from service_kit.postgres.failures import postgres_failure
from service_kit.stores.failures import StoreFailure

from order_svc.domain.errors import DependencyUnavailableError


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Raises DependencyUnavailableError for psycopg's errors that mean PostgreSQL is unavailable."""
    try:
        yield
    except psycopg.Error as exc:
        if postgres_failure(exc) is StoreFailure.BROKEN:
            raise
        raise DependencyUnavailableError("postgres") from exc
