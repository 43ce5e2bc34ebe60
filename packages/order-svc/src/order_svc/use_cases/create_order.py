"""Create an order, once per idempotency key."""

from collections.abc import Sequence
from dataclasses import dataclass

from order_svc.domain import events
from order_svc.domain.actor import Actor
from order_svc.domain.errors import IdempotencyKeyReusedError
from order_svc.domain.idempotency import Claim, fingerprint
from order_svc.domain.order import Order, OrderLine
from order_svc.domain.ports import Clock, NewId, OrderRepository


@dataclass(frozen=True, slots=True)
class Created:
    """The order as it was first returned. replayed: whether an earlier request with the same key created it."""

    order: Order
    replayed: bool


@dataclass(frozen=True, slots=True)
class CreateOrder:
    """Use case: places an order, and returns the first result again when a key is repeated."""

    orders: OrderRepository
    new_id: NewId
    now: Clock

    async def __call__(self, actor: Actor, currency: str, lines: Sequence[OrderLine], key: str | None) -> Created:
        """Returns the new order, or the one that the key's first request created.

        Args:
            actor: the owner of the order.
            currency: an ISO 4217 code.
            lines: at least one.
            key: the idempotency key; None: every call creates an order.

        Raises:
            TotalTooLargeError: the lines add up to more than MAX_TOTAL_MINOR.
            IdempotencyKeyReusedError: the key's first request asked for another order.
            IdempotencyKeyInUseError: the key's first request is still in progress.
            OwnerDeletedError: the actor's account was deleted.
        """
        at = self.now()
        order = Order.place(order_id=self.new_id(), user_id=actor.user_id, currency=currency, lines=lines, at=at)
        event = events.created(order, actor)
        if key is None:
            await self.orders.add(order, event)
            return Created(order, replayed=False)
        claim = Claim(key, fingerprint(currency, lines))
        first = await self.orders.add_once(order, event, claim)
        if first is None:
            return Created(order, replayed=False)
        if first.fingerprint != claim.fingerprint:
            raise IdempotencyKeyReusedError
        return Created(first.order, replayed=True)
