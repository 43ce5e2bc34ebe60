"""Delete an order; its audit trail stays."""

from dataclasses import dataclass

from order_svc.domain import events
from order_svc.domain.access import visible
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

    async def __call__(self, actor: Actor, order_id: str) -> None:
        """OrderNotFoundError: also when another deletion was faster."""
        for _ in range(_ATTEMPTS):
            order = visible(await self.orders.get(order_id), actor)
            if await self.orders.remove(order, events.deleted(order, actor, self.now())):
                return
            # It changed meanwhile: read it again, so that the audit trail tells what was really deleted.
        raise VersionMismatchError
