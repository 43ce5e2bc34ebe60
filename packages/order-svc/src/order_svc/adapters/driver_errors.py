"""The driver's exceptions in the domain's words. What each of them means stands in service_kit.stores.failures."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from service_kit.postgres.failures import postgres_failure
from service_kit.stores.failures import StoreFailure

from order_svc.domain.errors import DependencyUnavailableError


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Raise DependencyUnavailableError for what psycopg raises when PostgreSQL cannot do its part now."""
    try:
        yield
    except psycopg.Error as exc:
        if postgres_failure(exc) is StoreFailure.BROKEN:
            raise
        raise DependencyUnavailableError("The order store does not answer.") from exc
