"""A user was deleted: cancel what is still to be done for them, and remove what is personal."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from order_svc.domain import events
from order_svc.domain.listing import Filters, Position
from order_svc.domain.order import Order, OrderStatus
from order_svc.domain.ports import Clock, DeletedUsers, IdempotencyKeys, OrderRepository
from order_svc.domain.user_deletion import UserDeletion

#: Few enough that a batch holds its row locks for milliseconds.
_BATCH = 200


@dataclass(frozen=True, slots=True)
class ForgetUser:
    """May be cut off after any batch, and done again: what has been done is not done twice."""

    orders: OrderRepository
    keys: IdempotencyKeys
    deleted_users: DeletedUsers
    now: Clock

    async def __call__(self, deletion: UserDeletion) -> AsyncGenerator[int, None]:
        """After each batch, how much was cancelled or removed in it. When it ends, nothing is left to do, for good."""
        await self.deleted_users.add(deletion.user_id, deletion.at)
        processing, behind = Filters(deletion.user_id, OrderStatus.PROCESSING), None
        while orders := (await self.orders.page(processing, behind, _BATCH)).orders:
            # An order that changed meanwhile is final now, or gone.
            yield await self._cancel(orders, deletion)
            behind = Position.behind(orders[-1])
        while forgotten := await self.keys.forget_of(deletion.user_id, _BATCH):
            yield forgotten

    async def _cancel(self, orders: Sequence[Order], deletion: UserDeletion) -> int:
        at = self.now()
        changes = []
        for order in orders:
            cancelled = order.cancel(at)
            changes.append((cancelled, events.cancelled_with_owner(order, cancelled, deletion)))
        return await self.orders.save_all(changes)
