"""Classifies exceptions of psycopg by the table of store failures."""

import psycopg

from service_kit.stores.failures import StoreFailure, sqlstate_failure

#: The server refuses a prepared statement whose result columns have changed. Its code, feature not supported, has other
#: uses, which are bugs, and its text depends on lc_messages; the routine's name identifies it.
_STALE_PLAN = "0A000"
_STALE_PLAN_ROUTINE = "RevalidateCachedQuery"


def postgres_failure(error: BaseException) -> StoreFailure:
    """Returns the kind of failure: an error of the server by its SQLSTATE, any other exception by its type."""
    if not isinstance(error, psycopg.Error):
        return StoreFailure.BROKEN
    if is_stale_plan(error):
        return StoreFailure.REPEATABLE
    if error.sqlstate:
        return sqlstate_failure(error.sqlstate)
    # Without a code: no connection, a lost one, none free in time (PoolTimeout), or one closed during the statement.
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return StoreFailure.AWAY if lost else StoreFailure.BROKEN


def is_stale_plan(error: psycopg.Error) -> bool:
    """Returns whether a prepared statement failed because the schema has changed since; it did nothing."""
    return error.sqlstate == _STALE_PLAN and error.diag.source_function == _STALE_PLAN_ROUTINE
