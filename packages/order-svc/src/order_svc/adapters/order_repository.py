"""Orders in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool

from order_svc.adapters import order_sql
from order_svc.adapters.driver_errors import postgres_errors
from order_svc.adapters.order_rows import order_of, parameters_of
from order_svc.domain.errors import IdempotencyKeyInUseError
from order_svc.domain.events import OrderEvent
from order_svc.domain.idempotency import Claim, FirstAnswer
from order_svc.domain.listing import Filters, Position
from order_svc.domain.order import Order


class PostgresOrderRepository:
    """The ports OrderRepository and IdempotencyKeys, over a pool of connections in autocommit."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def get(self, order_id: str) -> Order | None:
        rows = await self._rows(order_sql.GET, (order_id,))
        return order_of(rows[0]) if rows else None

    async def page(self, filters: Filters, behind: Position | None, limit: int) -> Sequence[Order]:
        parameters = {
            "user_id": filters.user_id,
            "status": filters.status.value if filters.status else None,
            "created_at": behind.created_at if behind else None,
            "order_id": behind.order_id if behind else None,
            "limit": limit,
        }
        return [order_of(row) for row in await self._rows(order_sql.PAGE, parameters)]

    async def add(self, order: Order, event: OrderEvent) -> None:
        await self._write(order_sql.ADD, parameters_of(order, event))

    async def add_once(self, order: Order, event: OrderEvent, claim: Claim) -> FirstAnswer | None:
        parameters = {**parameters_of(order, event), "key": claim.key, "fingerprint": claim.fingerprint}
        if await self._write(order_sql.ADD_ONCE, parameters):
            return None
        # Either the key's first request has committed, and its answer is there to read, or it is still open.
        rows = await self._rows(order_sql.FIRST_ANSWER, (order.user_id, claim.key))
        if not rows:
            raise IdempotencyKeyInUseError
        fingerprint, *row = rows[0]
        return FirstAnswer(fingerprint, order_of(row))

    async def save(self, order: Order, event: OrderEvent) -> bool:
        return await self._write(order_sql.SAVE, parameters_of(order, event)) == 1

    async def remove(self, order: Order, event: OrderEvent) -> bool:
        return await self._write(order_sql.REMOVE, parameters_of(order, event)) == 1

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._write(order_sql.FORGET, (before, limit))

    async def _rows(self, query: LiteralString, parameters: Mapping[str, Any] | Sequence[Any]) -> list[TupleRow]:
        with postgres_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(query, parameters)
                return await cursor.fetchall()

    async def _write(self, query: LiteralString, parameters: Mapping[str, Any] | Sequence[Any]) -> int:
        """How many rows the statement wrote last."""
        with postgres_errors():
            async with self._pool.connection() as connection:
                cursor: AsyncCursor[TupleRow] = await connection.execute(query, parameters)
                return cursor.rowcount
