"""The driver's exceptions in the domain's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from order_svc.domain.errors import DependencyUnavailableError

#: What says nothing about the request itself. OperationalError covers lost and refused connections, a pool that has
#: none free in time (PoolTimeout), statements stopped by statement_timeout, deadlocks, and a server shutting down or
#: out of resources; InterfaceError a connection that was closed under us; ReadOnlySqlTransaction a server that is no
#: longer the primary. Everything else is a bug of ours.
_POSTGRES_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Raise DependencyUnavailableError for what psycopg raises when PostgreSQL cannot do its part now."""
    try:
        yield
    except _POSTGRES_AWAY as exc:
        raise DependencyUnavailableError("The order store does not answer.") from exc
