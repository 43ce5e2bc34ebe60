"""Delete an order; its audit trail stays."""

from collections.abc import Collection
from dataclasses import dataclass

from order_svc.domain import events
from order_svc.domain.access import require_version, visible
from order_svc.domain.actor import Actor
from order_svc.domain.errors import VersionMismatchError
from order_svc.domain.ports import Clock, OrderRepository

#: Every lost race is somebody else's progress, and an order changes once or twice in its life.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class DeleteOrder:
    """orders: where they are kept. now: the time of the deletion."""

    orders: OrderRepository
    now: Clock

    async def __call__(self, actor: Actor, order_id: str, expected_versions: Collection[int] = ()) -> None:
        """Deletes the order.

        Args:
            actor: on whose behalf it is deleted.
            order_id: which order.
            expected_versions: the versions of which it must have one; none: any version will do.

        Raises:
            OrderNotFoundError: also when another deletion was faster.
            VersionMismatchError: the order is at another version.
        """
        for _ in range(_ATTEMPTS):
            order = visible(await self.orders.get(order_id), actor)
            require_version(order, expected_versions)
            if await self.orders.remove(order, events.deleted(order, actor, self.now())):
                return
            # It changed meanwhile: read it again, so that the audit trail tells what was really deleted.
        raise VersionMismatchError
