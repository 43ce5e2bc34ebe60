"""In-memory implementations of order-svc's stores, which pass the contract suites of the real ones."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import accumulate

from order_svc.domain.errors import IdempotencyKeyInUseError, OwnerDeletedError
from order_svc.domain.events import OrderEvent
from order_svc.domain.idempotency import Claim, FirstAnswer
from order_svc.domain.order import Order
from order_svc.domain.order_listing import MAX_PAGE_BYTES, ORDER_BYTES, OrderFilters, OrderPage, OrderPosition


class InMemoryOrderRepository:
    """Implements the ports OrderRepository and IdempotencyKeys.

    events: the audit trail, oldest first. in_progress: (user id, key) of requests in progress.
    deleted_users: the times of deletion, by user id.
    """

    def __init__(self) -> None:
        self.events: list[OrderEvent] = []
        self.in_progress: set[tuple[str, str]] = set()
        self._orders: dict[str, Order] = {}
        self.deleted_users: dict[str, datetime] = {}
        self._first_answers: dict[tuple[str, str], FirstAnswer] = {}

    async def get(self, order_id: str) -> Order | None:
        return self._orders.get(order_id)

    async def page(self, filters: OrderFilters, behind: OrderPosition | None, limit: int) -> OrderPage:
        newest_first = sorted(self._orders.values(), key=_place, reverse=True)
        wanted = [
            order
            for order in newest_first
            if order.user_id == filters.user_id
            and filters.status in (None, order.status)
            and (behind is None or _place(order) < (behind.created_at, behind.order_id))
        ]
        sizes_bytes = accumulate(_size_bytes(order) for order in wanted)
        fitting = sum(size_bytes <= MAX_PAGE_BYTES for size_bytes in sizes_bytes)
        page = tuple(wanted[: min(limit, max(1, fitting))])
        return OrderPage(page, next=OrderPosition.behind(page[-1]) if len(page) < len(wanted) else None)

    async def add(self, order: Order, event: OrderEvent) -> None:
        self._require_living_owner(order)
        self._orders[order.order_id] = order
        self.events.append(event)

    async def add_once(self, order: Order, event: OrderEvent, claim: Claim) -> FirstAnswer | None:
        name = (order.user_id, claim.key)
        if name in self.in_progress:
            raise IdempotencyKeyInUseError
        if name in self._first_answers:
            return self._first_answers[name]
        self._require_living_owner(order)
        self._first_answers[name] = FirstAnswer(claim.fingerprint, order)
        await self.add(order, event)
        return None

    async def save(self, order: Order, event: OrderEvent) -> bool:
        return self._replace(order.order_id, order.version - 1, order, event)

    async def save_all(self, changes: Sequence[tuple[Order, OrderEvent]]) -> int:
        return sum([await self.save(order, event) for order, event in changes])

    async def remove(self, order: Order, event: OrderEvent) -> bool:
        return self._replace(order.order_id, order.version, None, event)

    async def delete_older(self, before: datetime, limit: int) -> int:
        expired = [name for name, first in self._first_answers.items() if first.order.created_at < before][:limit]
        for name in expired:
            del self._first_answers[name]
        return len(expired)

    async def delete_of_user(self, user_id: str, limit: int) -> int:
        his = [name for name in self._first_answers if name[0] == user_id][:limit]
        for name in his:
            del self._first_answers[name]
        return len(his)

    def _require_living_owner(self, order: Order) -> None:
        if order.user_id in self.deleted_users:
            raise OwnerDeletedError

    def _replace(self, order_id: str, version: int, successor: Order | None, event: OrderEvent) -> bool:
        there = self._orders.get(order_id)
        if there is None or there.version != version:
            return False
        if successor is None:
            del self._orders[order_id]
        else:
            self._orders[order_id] = successor
        self.events.append(event)
        return True


class InMemoryDeletedUsers:
    """Implements the port DeletedUsers on the same store."""

    def __init__(self, store: InMemoryOrderRepository) -> None:
        self._store = store

    async def add(self, user_id: str, at: datetime) -> None:
        self._store.deleted_users.setdefault(user_id, at)

    async def delete_older(self, before: datetime, limit: int) -> int:
        expired = [user_id for user_id, at in self._store.deleted_users.items() if at < before][:limit]
        for user_id in expired:
            del self._store.deleted_users[user_id]
        return len(expired)


def _place(order: Order) -> tuple[datetime, str]:
    return order.created_at, order.order_id


def _size_bytes(order: Order) -> int:
    """Returns the size of an order on a page, with its lines in JSON as PostgreSQL prints it."""
    lines = json.dumps([asdict(line) for line in order.lines], ensure_ascii=False)
    return len(lines.encode()) + ORDER_BYTES
