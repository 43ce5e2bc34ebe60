"""Calls with arbitrary metadata, and their effects in the databases."""

from typing import Any

import grpc
import psycopg
from psycopg import sql

from tests.e2e.grpc_client import GrpcClient, Refusal, refusal_of
from tests.e2e.running_stack import RunningStack

Metadata = tuple[tuple[str, str | bytes], ...]


def refused(client: GrpcClient, method: str, fields: dict[str, Any], metadata: Metadata) -> Refusal:
    """Returns why the call with this metadata fails.

    Raises:
        AssertionError: it did not fail.
    """
    service, _, name = method.rpartition(".")
    invoke = client.channel.unary_unary(f"/{service}/{name}")
    try:
        answer = invoke(client.request(method, fields).SerializeToString(), metadata=metadata, timeout=10)
    except grpc.RpcError as error:
        return refusal_of(error)
    raise AssertionError(f"{method} was answered: {answer!r}")


def bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)


def claimed(user_id: str) -> Metadata:
    """Returns metadata with an identity, in the fields that proxies and services commonly trust."""
    names = ("x-user-id", "x-user", "x-role", "x-forwarded-user", "x-remote-user", "x-principal", "user_id", "sub")
    return tuple((name, "admin" if name == "x-role" else user_id) for name in names)


#: The tables that the service's role may read.
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND has_table_privilege(oid, 'SELECT')"""


def rows(stack: RunningStack) -> dict[tuple[str, str], int]:
    """Returns the number of rows in each table of each service."""
    counts = {}
    for service in ("user-svc", "order-svc"):
        url = (stack.data_dir / "secrets" / f"{service}-database-url").read_text()
        with psycopg.connect(url) as connection:
            tables = connection.execute(_TABLES).fetchall()
            for (table,) in tables:
                query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                (counts[service, table],) = connection.execute(query).fetchone() or (0,)
    return counts
