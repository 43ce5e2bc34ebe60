"""Cancel the open orders of a deleted user, and delete their personal data."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from order_svc.domain import events
from order_svc.domain.order import Order, OrderStatus
from order_svc.domain.order_listing import OrderFilters, OrderPosition
from order_svc.domain.ports import Clock, DeletedUsers, IdempotencyKeys, OrderRepository
from order_svc.domain.user_deletion import UserDeletion

#: Small, so that a batch holds its row locks for milliseconds.
_BATCH = 200


@dataclass(frozen=True, slots=True)
class ForgetUser:
    """Use case: idempotent, and safe to interrupt after any batch; a repetition continues with what is left."""

    orders: OrderRepository
    keys: IdempotencyKeys
    deleted_users: DeletedUsers
    now: Clock

    async def __call__(self, deletion: UserDeletion) -> AsyncGenerator[int, None]:
        """Yields after each batch how many orders were cancelled or keys deleted in it.

        New orders of the user are refused from the first step on, so that nothing is left once the generator ends.
        """
        await self.deleted_users.add(deletion.user_id, deletion.at)
        processing, behind = OrderFilters(deletion.user_id, OrderStatus.PROCESSING), None
        while orders := (await self.orders.page(processing, behind, _BATCH)).orders:
            # An order that changed in between is final or deleted, so the page is not read again.
            yield await self._cancel(orders, deletion)
            behind = OrderPosition.behind(orders[-1])
        while deleted := await self.keys.delete_of_user(deletion.user_id, _BATCH):
            yield deleted

    async def _cancel(self, orders: Sequence[Order], deletion: UserDeletion) -> int:
        at = self.now()
        changes = []
        for order in orders:
            cancelled = order.cancel(at)
            changes.append((cancelled, events.cancelled_with_owner(order, cancelled, deletion)))
        return await self.orders.save_all(changes)
