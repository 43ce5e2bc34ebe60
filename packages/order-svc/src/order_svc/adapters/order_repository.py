"""Orders in PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import psycopg.errors
from service_kit.postgres import PostgresPool

from order_svc.adapters import order_sql
from order_svc.adapters.order_rows import columns_of, order_of, parameters_of
from order_svc.adapters.statements import execute, fetch_all
from order_svc.domain.errors import IdempotencyKeyInUseError, OwnerDeletedError
from order_svc.domain.events import OrderEvent
from order_svc.domain.idempotency import Claim, FirstAnswer
from order_svc.domain.order import Order
from order_svc.domain.order_listing import OrderFilters, OrderPage, OrderPosition


class PostgresOrderRepository:
    """Implements the ports OrderRepository and IdempotencyKeys. pool: connections in autocommit."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def get(self, order_id: str) -> Order | None:
        rows = await fetch_all(self._pool, order_sql.GET, (order_id,))
        return order_of(rows[0]) if rows else None

    async def page(self, filters: OrderFilters, behind: OrderPosition | None, limit: int) -> OrderPage:
        parameters = {
            "user_id": filters.user_id,
            "status": filters.status.value if filters.status else None,
            "created_at": behind.created_at if behind else None,
            "order_id": behind.order_id if behind else None,
            "limit": limit,
        }
        statement = order_sql.PAGE if filters.status is None else order_sql.PAGE_OF_A_STATUS
        rows = await fetch_all(self._pool, statement, parameters)
        orders = tuple([order_of(row[:-1]) for row in rows])
        has_next = bool(rows) and rows[-1][-1]
        return OrderPage(orders, next=OrderPosition.behind(orders[-1]) if has_next else None)

    async def add(self, order: Order, event: OrderEvent) -> None:
        with _owner_deleted_errors():
            await execute(self._pool, order_sql.ADD, parameters_of(order, event))

    async def add_once(self, order: Order, event: OrderEvent, claim: Claim) -> FirstAnswer | None:
        parameters = {**parameters_of(order, event), "key": claim.key, "fingerprint": claim.fingerprint}
        with _owner_deleted_errors():
            # If a lost connection hid a commit, the repetition finds the key taken, and the first result is read below.
            if await execute(self._pool, order_sql.ADD_ONCE, parameters, idempotent=True):
                return None
        # The key's first request has either committed, so that its result can be read, or is still in progress.
        rows = await fetch_all(self._pool, order_sql.FIRST_ANSWER, (order.user_id, claim.key))
        if not rows:
            raise IdempotencyKeyInUseError
        fingerprint, *row = rows[0]
        return FirstAnswer(fingerprint, order_of(row))

    async def save(self, order: Order, event: OrderEvent) -> bool:
        return await execute(self._pool, order_sql.SAVE, parameters_of(order, event)) == 1

    async def save_all(self, changes: Sequence[tuple[Order, OrderEvent]]) -> int:
        return await execute(self._pool, order_sql.SAVE_ALL, columns_of(changes))

    async def remove(self, order: Order, event: OrderEvent) -> bool:
        return await execute(self._pool, order_sql.REMOVE, parameters_of(order, event)) == 1

    async def delete_older(self, before: datetime, limit: int) -> int:
        return await execute(self._pool, order_sql.DELETE_OLDER_KEYS, (before, limit))

    async def delete_of_user(self, user_id: str, limit: int) -> int:
        return await execute(self._pool, order_sql.DELETE_KEYS_OF_USER, (user_id, limit))


@contextmanager
def _owner_deleted_errors() -> Iterator[None]:
    """Raises OwnerDeletedError for the exception of the trigger on `orders`."""
    try:
        yield
    except psycopg.errors.CheckViolation as exc:
        if exc.diag.constraint_name != order_sql.LIVING_OWNER_CONSTRAINT:
            raise
        raise OwnerDeletedError from exc
