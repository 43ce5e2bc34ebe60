"""Orders, actors and clocks for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from order_svc.adapters.ids import new_id
from order_svc.domain.actor import Actor
from order_svc.domain.order import Order, OrderLine

ALICE = "0198c0de-0000-7000-8000-00000000a11c"
BOB = "0198c0de-0000-7000-8000-000000000b0b"
ROOT = "0198c0de-0000-7000-8000-000000000ad0"

#: Not a whole number of milliseconds: shows a loss of precision.
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)

LINES = (OrderLine("bolt-m8", 10, 25), OrderLine("nut-m8", 3, 0))


def alice(request_id: str = "request-1") -> Actor:
    return Actor(ALICE, is_admin=False, request_id=request_id)


def bob() -> Actor:
    return Actor(BOB, is_admin=False, request_id="request-2")


def root() -> Actor:
    return Actor(ROOT, is_admin=True, request_id="request-3")


def an_order(
    *, user_id: str = ALICE, at: datetime = NOON, order_id: str | None = None, lines: Sequence[OrderLine] = LINES
) -> Order:
    """Returns a new order, by default of Alice."""
    return Order.place(order_id=order_id or new_id(), user_id=user_id, currency="EUR", lines=lines, at=at)


class Clock:
    """A clock that stands still until a test sets it."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


def unknown_id() -> str:
    """Returns a well-formed id of nothing."""
    return str(UUID(int=0x0198C0DE000070008000_FFFFFFFFFFFF))
