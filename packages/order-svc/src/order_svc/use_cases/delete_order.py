"""Delete an order; its audit trail is kept."""

from collections.abc import Collection
from dataclasses import dataclass

from order_svc.domain import events
from order_svc.domain.access import require_version, visible
from order_svc.domain.actor import Actor
from order_svc.domain.errors import VersionMismatchError
from order_svc.domain.ports import Clock, OrderRepository

#: A lost race means that another request changed the order, and an order changes once or twice in its life.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class DeleteOrder:
    """Use case: checks access and version, in this order, and deletes the order."""

    orders: OrderRepository
    now: Clock

    async def __call__(self, actor: Actor, order_id: str, expected_versions: Collection[int] = ()) -> None:
        """Deletes the order.

        Args:
            actor: the user on whose behalf the order is deleted.
            order_id: a UUID in lower case.
            expected_versions: the versions that may be deleted; empty: any version.

        Raises:
            OrderNotFoundError: there is no such order (any more), or the actor may not see it.
            VersionMismatchError: the order is at another version.
        """
        for _ in range(_ATTEMPTS):
            order = visible(await self.orders.get(order_id), actor)
            require_version(order, expected_versions)
            if await self.orders.remove(order, events.deleted(order, actor, self.now())):
                return
            # The order changed in between: read it again, so that the audit entry describes what is deleted.
        raise VersionMismatchError
