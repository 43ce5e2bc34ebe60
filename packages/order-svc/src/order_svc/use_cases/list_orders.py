"""List orders, newest first."""

from dataclasses import dataclass

from order_svc.domain.access import require_right_to_list
from order_svc.domain.actor import Actor
from order_svc.domain.listing import Filters, Page, Position
from order_svc.domain.ports import OrderRepository


@dataclass(frozen=True, slots=True)
class ListOrders:
    """orders: where they are kept."""

    orders: OrderRepository

    async def __call__(self, actor: Actor, filters: Filters, behind: Position | None, size: int) -> Page:
        """A page of at most ``size`` orders. OwnerUnknownError."""
        require_right_to_list(actor, filters.user_id)
        return await self.orders.page(filters, behind, size)
