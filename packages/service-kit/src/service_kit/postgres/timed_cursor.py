"""A cursor that times its statements, by kind."""

import re
from functools import lru_cache
from typing import Any

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from service_kit.stores.operation import StoreOperation

SYSTEM = "postgresql"
_OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CALL"})
_OTHER = "OTHER"
_WRITES = re.compile(r"(?<!FOR )\b(INSERT|UPDATE|DELETE|MERGE)\b")


class TimedCursor(AsyncCursor[TupleRow]):
    """Times each statement until all its rows have arrived."""

    # The signature of psycopg is a set of overloads, for templates too.
    async def execute(self, query: Any, *args: Any, **options: Any) -> "TimedCursor":
        with StoreOperation(SYSTEM, operation_of(query), _text_of(query)):
            await super().execute(query, *args, **options)
        return self

    async def executemany(self, query: Any, *args: Any, **options: Any) -> None:
        with StoreOperation(SYSTEM, operation_of(query), _text_of(query)):
            await super().executemany(query, *args, **options)


def operation_of(query: Any) -> str:
    """Returns the kind of a statement in one word: of several parts, the first that writes; else "OTHER"."""
    return _operation_of(query) if isinstance(query, str) else _OTHER


def _text_of(query: Any) -> str:
    """Returns the text of a statement, which has no values in it; empty for a composed one, which may have."""
    return query if isinstance(query, str) else ""


# There are only a handful of statements, and each is the same string every time.
@lru_cache(maxsize=256)
def _operation_of(query: str) -> str:
    words = query.split(maxsplit=1)
    first = words[0].upper() if words else _OTHER
    if first == "WITH":
        writes = _WRITES.search(query)
        return writes[1] if writes is not None else "SELECT"
    return first if first in _OPERATIONS else _OTHER
