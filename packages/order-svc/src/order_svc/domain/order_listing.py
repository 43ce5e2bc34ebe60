"""Lists of orders, newest first, in pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from order_svc.domain.order import Order, OrderStatus

#: The largest page, in bytes: the lines of each order as JSON, and ORDER_BYTES for its other fields. It bounds the time
#: that one call takes on the event loops of this service and the gateway: 100 orders can have 10 000 lines.
MAX_PAGE_BYTES = 256 * 1024
#: An upper bound: an order without its lines takes less than 350 bytes as JSON.
ORDER_BYTES = 400


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """Selects the orders of a user. status: None selects all."""

    user_id: str
    status: OrderStatus | None = None


@dataclass(frozen=True, slots=True)
class OrderPosition:
    """The position just behind an order, which may have been deleted since."""

    created_at: datetime
    order_id: str

    @classmethod
    def behind(cls, order: Order) -> Self:
        """Returns the position behind an order."""
        return cls(order.created_at, order.order_id)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of orders, newest first. next: where the next page begins; None on the last page."""

    orders: tuple[Order, ...]
    next: OrderPosition | None
