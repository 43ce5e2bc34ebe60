"""The driver's exceptions in the domain's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from loguru import logger

from order_svc.domain.errors import DependencyUnavailableError

#: What says nothing about the request itself. OperationalError covers lost and refused connections, a pool that has
#: none free in time (PoolTimeout), statements stopped by statement_timeout, deadlocks, and a server shutting down or
#: out of resources; InterfaceError a connection that was closed under us; ReadOnlySqlTransaction a server that is no
#: longer the primary. Everything else is a bug of ours.
_UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Raise DependencyUnavailableError for what the driver raises when PostgreSQL cannot do its part now."""
    try:
        yield
    except _UNAVAILABLE as exc:
        # The caller is told nothing of it, so it is told here.
        logger.warning("PostgreSQL did not do its part: {!r}", exc)
        raise DependencyUnavailableError("The order store does not answer.") from exc
