"""Move an order to another status."""

from dataclasses import dataclass
from datetime import datetime

from order_svc.domain import events
from order_svc.domain.access import require_right_to_move, visible
from order_svc.domain.actor import Actor
from order_svc.domain.errors import VersionMismatchError
from order_svc.domain.order import Order, OrderStatus
from order_svc.domain.ports import Clock, OrderRepository

#: Every lost race is somebody else's progress, and an order changes once or twice in its life.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """orders: where they are kept. now: the time of the change."""

    orders: OrderRepository
    now: Clock

    async def __call__(
        self, actor: Actor, order_id: str, wanted: OrderStatus, expected_version: int | None = None
    ) -> Order:
        """The order as it stands then.

        Checked in this order: OrderNotFoundError, ActionForbiddenError, VersionMismatchError,
        TransitionNotAllowedError.
        """
        for _ in range(_ATTEMPTS):
            order = visible(await self.orders.get(order_id), actor)
            require_right_to_move(actor, wanted)
            if expected_version not in (None, order.version):
                raise VersionMismatchError
            changed = _moved(order, wanted, self.now())
            if await self.orders.save(changed, events.status_changed(order, changed, actor)):
                return changed
            # Somebody was faster: decide again, upon what they left.
        raise VersionMismatchError


def _moved(order: Order, wanted: OrderStatus, at: datetime) -> Order:
    match wanted:
        case OrderStatus.CANCELLED:
            return order.cancel(at)
        case OrderStatus.DONE:
            return order.complete(at)
        case OrderStatus.PROCESSING:
            return order.reopen()
