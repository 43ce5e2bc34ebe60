"""List orders, newest first."""

from dataclasses import dataclass

from order_svc.domain.access import require_right_to_list
from order_svc.domain.actor import Actor
from order_svc.domain.order_listing import OrderFilters, OrderPage, OrderPosition
from order_svc.domain.ports import OrderRepository


@dataclass(frozen=True, slots=True)
class ListOrders:
    """Use case: one page of a user's orders."""

    orders: OrderRepository

    async def __call__(self, actor: Actor, filters: OrderFilters, behind: OrderPosition | None, size: int) -> OrderPage:
        """Returns at most ``size`` orders behind a position; None: from the newest on.

        Raises:
            OwnerUnknownError: the actor may not list this user's orders.
        """
        require_right_to_list(actor, filters.user_id)
        return await self.orders.page(filters, behind, size)
