"""What an exception of psycopg means, by the table of store failures."""

import psycopg

from service_kit.stores.failures import StoreFailure, sqlstate_failure

#: The server compares the columns of a prepared statement's answer with those that it announced first. It says so in
#: words only: the code, feature not supported, has other uses, which are bugs. The text is not translated where
#: lc_messages is C; elsewhere the routine's name tells.
_STALE_PLAN = "0A000"
_STALE_PLAN_ROUTINE = "RevalidateCachedQuery"


def postgres_failure(error: BaseException) -> StoreFailure:
    """What kind of failure ``error`` is: the server's by its SQLSTATE, all else by what psycopg could not do."""
    if not isinstance(error, psycopg.Error):
        return StoreFailure.BROKEN
    if is_stale_plan(error):
        return StoreFailure.REPEATABLE
    if error.sqlstate:
        return sqlstate_failure(error.sqlstate)
    # Without a code: no connection, a lost one, none free in time (PoolTimeout), or one that was closed under way.
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return StoreFailure.AWAY if lost else StoreFailure.BROKEN


def is_stale_plan(error: psycopg.Error) -> bool:
    """Whether a prepared statement failed because the schema has changed since; nothing was done."""
    return error.sqlstate == _STALE_PLAN and error.diag.source_function == _STALE_PLAN_ROUTINE


def describe_postgres_failure(error: BaseException) -> str:
    """One line for a log or a readiness report: the kind of failure, and the first line of the error."""
    lines = str(error).splitlines()
    return f"{postgres_failure(error).value}: {lines[0] if lines else type(error).__name__}"
