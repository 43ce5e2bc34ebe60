"""Lists of orders, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from order_svc.domain.order import Order, OrderStatus


@dataclass(frozen=True, slots=True)
class Filters:
    """Which orders a list is of. status: only those; None: all."""

    user_id: str
    status: OrderStatus | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the list: just behind this order, which need not exist any more."""

    created_at: datetime
    order_id: str

    @classmethod
    def behind(cls, order: Order) -> Self:
        return cls(order.created_at, order.order_id)


@dataclass(frozen=True, slots=True)
class Page:
    """Orders, newest first. next: where the list goes on; None on the last page."""

    orders: tuple[Order, ...]
    next: Position | None
