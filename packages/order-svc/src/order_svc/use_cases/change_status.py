"""Move an order to another status."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from order_svc.domain import events
from order_svc.domain.access import require_right_to_move, require_version, visible
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
        self, actor: Actor, order_id: str, wanted: OrderStatus, expected_versions: Collection[int] = ()
    ) -> Order:
        """Returns the order as it is then.

        Args:
            actor: on whose behalf the order is moved.
            order_id: which order.
            wanted: the status that it is to have.
            expected_versions: the versions of which it must have one; none: any version will do.

        Raises:
            OrderNotFoundError, ActionForbiddenError, VersionMismatchError, TransitionNotAllowedError: checked in this
                order.
        """
        for _ in range(_ATTEMPTS):
            order = visible(await self.orders.get(order_id), actor)
            require_right_to_move(actor, wanted)
            require_version(order, expected_versions)
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
