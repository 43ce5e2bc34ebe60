"""What the domain needs of the world outside.

Every method may raise DependencyUnavailableError. Each write and its event are kept together or not at all.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from order_svc.domain.events import OrderEvent
from order_svc.domain.idempotency import Claim, FirstAnswer
from order_svc.domain.listing import Filters, Page, Position
from order_svc.domain.order import Order

#: Now, in UTC.
Clock = Callable[[], datetime]
#: A fresh UUIDv7 in lower case; later ones sort behind earlier ones.
NewId = Callable[[], str]


class OrderRepository(Protocol):
    """Keeps orders and their audit trail."""

    async def get(self, order_id: str) -> Order | None:
        """The order as it stands now."""

    async def page(self, filters: Filters, behind: Position | None, limit: int) -> Page:
        """Returns orders, newest first, from just behind a position; from the newest without one.

        At most ``limit`` orders; fewer where they would have more than MAX_PAGE_BYTES, but never none for that.
        """

    async def add(self, order: Order, event: OrderEvent) -> None:
        """Keep a new order. OwnerDeletedError."""

    async def add_once(self, order: Order, event: OrderEvent, claim: Claim) -> FirstAnswer | None:
        """Keep a new order, or nothing if its owner has used the claim's key before: then tell the first answer.

        IdempotencyKeyInUseError: the key's first request is neither kept nor given up yet; this never waits for it.
        OwnerDeletedError.
        """

    async def save(self, order: Order, event: OrderEvent) -> bool:
        """Replace the order's previous version (``order.version - 1``). False: that is not there any more."""

    async def save_all(self, changes: Sequence[tuple[Order, OrderEvent]]) -> int:
        """Replace the previous versions of several orders, at least one; how many of them were still there."""

    async def remove(self, order: Order, event: OrderEvent) -> bool:
        """Remove the order, but not its audit trail. False: this version of it is not there any more."""


class Outdating(Protocol):
    """Keeps what is of use for a while only."""

    async def forget(self, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` entries made before a time; how many there were."""


class IdempotencyKeys(Outdating, Protocol):
    """Keeps which keys were used, by the time of their first use."""

    async def forget_of(self, user_id: str, limit: int) -> int:
        """Forget at most ``limit`` keys of a user; how many there were."""


class DeletedUsers(Outdating, Protocol):
    """Keeps which users are gone for good, by the time of their deletion."""

    async def add(self, user_id: str, at: datetime) -> None:
        """From now on no order of this user can be added. Those that were being added can be seen now."""
