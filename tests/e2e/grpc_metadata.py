"""Calls with whatever metadata, and what is left of them in the databases."""

from typing import Any

import grpc
import psycopg
from psycopg import sql

from tests.e2e.grpc_client import GrpcClient, Refusal, refusal_of
from tests.e2e.running_stack import RunningStack

Metadata = tuple[tuple[str, str | bytes], ...]


def refused(client: GrpcClient, method: str, fields: dict[str, Any], metadata: Metadata) -> Refusal:
    """Why the call with that metadata fails; AssertionError if it does not."""
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
    """An identity in metadata, by the names that proxies and services are known to believe."""
    names = ("x-user-id", "x-user", "x-role", "x-forwarded-user", "x-remote-user", "x-principal", "user_id", "sub")
    return tuple((name, "admin" if name == "x-role" else user_id) for name in names)


#: What the service's own role may count.
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND has_table_privilege(oid, 'SELECT')"""


def rows(stack: RunningStack) -> dict[tuple[str, str], int]:
    """How many rows each table of each service has."""
    counts = {}
    for service in ("user-svc", "order-svc"):
        url = (stack.data_dir / "secrets" / f"{service}-database-url").read_text()
        with psycopg.connect(url) as connection:
            tables = connection.execute(_TABLES).fetchall()
            for (table,) in tables:
                query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                (counts[service, table],) = connection.execute(query).fetchone() or (0,)
    return counts
