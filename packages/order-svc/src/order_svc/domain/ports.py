"""The ports of the domain: stores, clock and ids.

Every method may raise DependencyUnavailableError. A write and its audit entry are stored in one transaction.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from order_svc.domain.events import OrderEvent
from order_svc.domain.idempotency import Claim, FirstAnswer
from order_svc.domain.order import Order
from order_svc.domain.order_listing import OrderFilters, OrderPage, OrderPosition

#: Returns the current time, in UTC.
Clock = Callable[[], datetime]
#: Returns a new UUIDv7 in lower case; ids sort by the time of their creation.
NewId = Callable[[], str]


class OrderRepository(Protocol):
    """Stores orders and their audit trail."""

    async def get(self, order_id: str) -> Order | None:
        """Returns the current version of the order; None: there is no such order."""

    async def page(self, filters: OrderFilters, behind: OrderPosition | None, limit: int) -> OrderPage:
        """Returns at most ``limit`` orders behind a position, newest first; None: from the newest on.

        A page of more than one order is at most MAX_PAGE_BYTES large, so it may hold fewer than ``limit``.
        """

    async def add(self, order: Order, event: OrderEvent) -> None:
        """Stores a new order.

        Raises:
            OwnerDeletedError: the owner is among the deleted users.
        """

    async def add_once(self, order: Order, event: OrderEvent, claim: Claim) -> FirstAnswer | None:
        """Stores a new order and its claim; if the owner used the key before, stores nothing.

        Returns:
            The result of the key's first request; None: this is the first request.

        Raises:
            IdempotencyKeyInUseError: the key's first request is in progress. The call never waits for it.
            OwnerDeletedError: the owner is among the deleted users.
        """

    async def save(self, order: Order, event: OrderEvent) -> bool:
        """Replaces the previous version of the order (``order.version - 1``).

        Returns:
            False: the order is not at that version, and nothing was stored.
        """

    async def save_all(self, changes: Sequence[tuple[Order, OrderEvent]]) -> int:
        """Replaces the previous versions of at least one order, and skips orders that are not at that version.

        Returns:
            How many orders were replaced.
        """

    async def remove(self, order: Order, event: OrderEvent) -> bool:
        """Deletes the order; its audit trail is kept.

        Returns:
            False: the order is not at this version, and nothing was deleted.
        """


class ExpiringStore(Protocol):
    """Stores entries that are of use for a limited time."""

    async def delete_older(self, before: datetime, limit: int) -> int:
        """Deletes at most ``limit`` entries made before a time, and returns how many."""


class IdempotencyKeys(ExpiringStore, Protocol):
    """Stores which idempotency keys were used, by the time of their first use."""

    async def delete_of_user(self, user_id: str, limit: int) -> int:
        """Deletes at most ``limit`` keys of a user, and returns how many."""


class DeletedUsers(ExpiringStore, Protocol):
    """Stores which users were deleted, by the time of their deletion."""

    async def add(self, user_id: str, at: datetime) -> None:
        """Adds a user: no order of this user can be added afterwards.

        An ``add`` of an order that began before has ended when this returns, so that its order is found.
        """
