"""Access rules: owners see their own orders and may cancel or delete them; administrators may do everything."""

from collections.abc import Collection

from order_svc.domain.actor import Actor
from order_svc.domain.errors import ActionForbiddenError, OrderNotFoundError, OwnerUnknownError, VersionMismatchError
from order_svc.domain.order import Order, OrderStatus


def visible(order: Order | None, actor: Actor) -> Order:
    """Returns the order if the actor may see it.

    Raises:
        OrderNotFoundError: there is no such order, or the actor may not see it.
    """
    if order is None or not (actor.is_admin or order.user_id == actor.user_id):
        raise OrderNotFoundError
    return order


def require_right_to_move(actor: Actor, wanted: OrderStatus) -> None:
    """Checks that the actor may set this status of an order that it can see.

    Raises:
        ActionForbiddenError: only administrators may set this status.
    """
    if not actor.is_admin and wanted is not OrderStatus.CANCELLED:
        raise ActionForbiddenError("Owners may only cancel their orders.")


def require_version(order: Order, expected: Collection[int]) -> None:
    """Checks that the order is at one of the expected versions; empty: at any.

    Raises:
        VersionMismatchError: it is at another version.
    """
    if expected and order.version not in expected:
        raise VersionMismatchError


def require_right_to_list(actor: Actor, user_id: str) -> None:
    """Checks that the actor may list this user's orders.

    Raises:
        OwnerUnknownError: it is another user's list. Whether that user exists is not disclosed.
    """
    if not (actor.is_admin or user_id == actor.user_id):
        raise OwnerUnknownError
