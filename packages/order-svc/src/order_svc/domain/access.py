"""Who may see and do what: owners their own, administrators everything, and to which version of it."""

from collections.abc import Collection

from order_svc.domain.actor import Actor
from order_svc.domain.errors import ActionForbiddenError, OrderNotFoundError, OwnerUnknownError, VersionMismatchError
from order_svc.domain.order import Order, OrderStatus


def visible(order: Order | None, actor: Actor) -> Order:
    """The order, if there is one that the actor may see; else OrderNotFoundError."""
    if order is None or not (actor.is_admin or order.user_id == actor.user_id):
        raise OrderNotFoundError
    return order


def require_right_to_move(actor: Actor, wanted: OrderStatus) -> None:
    """ActionForbiddenError: of an order that the actor can see, it may not ask for this status."""
    if not actor.is_admin and wanted is not OrderStatus.CANCELLED:
        raise ActionForbiddenError("Owners may only cancel their orders.")


def require_version(order: Order, expected: Collection[int]) -> None:
    """VersionMismatchError: the order has none of the versions that the actor has seen; without any, all will do."""
    if expected and order.version not in expected:
        raise VersionMismatchError


def require_right_to_list(actor: Actor, user_id: str) -> None:
    """OwnerUnknownError: the actor may not know of that user, let alone of its orders."""
    if not (actor.is_admin or user_id == actor.user_id):
        raise OwnerUnknownError
