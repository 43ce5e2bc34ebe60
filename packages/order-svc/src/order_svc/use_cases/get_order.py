"""Show an order."""

from dataclasses import dataclass

from order_svc.domain.access import visible
from order_svc.domain.actor import Actor
from order_svc.domain.order import Order
from order_svc.domain.ports import OrderRepository


@dataclass(frozen=True, slots=True)
class GetOrder:
    """orders: where they are kept."""

    orders: OrderRepository

    async def __call__(self, actor: Actor, order_id: str) -> Order:
        """OrderNotFoundError."""
        return visible(await self.orders.get(order_id), actor)
