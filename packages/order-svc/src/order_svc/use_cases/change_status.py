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

#: A lost race means that another request changed the order, and an order changes once or twice in its life.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Use case: checks access, version and transition, in this order, and saves the order with its audit entry."""

    orders: OrderRepository
    now: Clock

    async def __call__(
        self, actor: Actor, order_id: str, wanted: OrderStatus, expected_versions: Collection[int] = ()
    ) -> Order:
        """Returns the changed order.

        Args:
            actor: the user on whose behalf the order is changed.
            order_id: a UUID in lower case.
            wanted: the new status.
            expected_versions: the versions that the change may replace; empty: any version.

        Raises:
            OrderNotFoundError: there is no such order, or the actor may not see it.
            ActionForbiddenError: the actor may not set this status.
            VersionMismatchError: the order is at another version.
            TransitionNotAllowedError: the current status does not allow the new one.
        """
        for _ in range(_ATTEMPTS):
            order = visible(await self.orders.get(order_id), actor)
            require_right_to_move(actor, wanted)
            require_version(order, expected_versions)
            changed = _moved(order, wanted, self.now())
            if await self.orders.save(changed, events.status_changed(order, changed, actor)):
                return changed
            # Another request changed the order in between: all checks run again on the new version.
        raise VersionMismatchError


def _moved(order: Order, wanted: OrderStatus, at: datetime) -> Order:
    match wanted:
        case OrderStatus.CANCELLED:
            return order.cancel(at)
        case OrderStatus.DONE:
            return order.complete(at)
        case OrderStatus.PROCESSING:
            return order.reopen()
