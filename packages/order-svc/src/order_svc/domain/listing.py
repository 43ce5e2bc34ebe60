"""Lists of orders, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from order_svc.domain.order import Order, OrderStatus

#: The largest page, in bytes: of each order, its lines as JSON and ORDER_BYTES for everything else. It bounds what one
#: call costs this service's event loop and the gateway's: 100 orders can have 10 000 lines.
MAX_PAGE_BYTES = 256 * 1024
#: An order without its lines has less than 350 bytes as JSON.
ORDER_BYTES = 400


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
    """Orders, newest first. next: the position of the next page; None on the last page."""

    orders: tuple[Order, ...]
    next: Position | None
