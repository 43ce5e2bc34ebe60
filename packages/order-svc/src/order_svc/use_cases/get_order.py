"""Show an order."""

from dataclasses import dataclass

from order_svc.domain.access import visible
from order_svc.domain.actor import Actor
from order_svc.domain.order import Order
from order_svc.domain.ports import OrderRepository


@dataclass(frozen=True, slots=True)
class GetOrder:
    """Use case: one order, for its owner or an administrator."""

    orders: OrderRepository

    async def __call__(self, actor: Actor, order_id: str) -> Order:
        """Returns the order.

        Raises:
            OrderNotFoundError: there is no such order, or the actor may not see it.
        """
        return visible(await self.orders.get(order_id), actor)
