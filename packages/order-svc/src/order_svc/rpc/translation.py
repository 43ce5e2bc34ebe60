"""Translates between the contract's messages and the domain."""

from shared_contracts.order.v1 import CreateOrderRequest, ListOrdersRequest
from shared_contracts.order.v1 import Order as OrderMessage
from shared_contracts.order.v1 import OrderLine as OrderLineMessage
from shared_contracts.order.v1 import OrderStatus as OrderStatusMessage

from order_svc.domain.actor import Actor
from order_svc.domain.order import Order, OrderLine, OrderStatus
from order_svc.domain.order_listing import OrderFilters

_STATUSES = {
    OrderStatusMessage.PROCESSING: OrderStatus.PROCESSING,
    OrderStatusMessage.DONE: OrderStatus.DONE,
    OrderStatusMessage.CANCELLED: OrderStatus.CANCELLED,
}
_STATUS_MESSAGES: dict[str, OrderStatusMessage] = {status: message for message, status in _STATUSES.items()}


def canonical_id(text: str) -> str:
    """Returns the UUID in lower case, as the domain compares it; RFC 9562 allows clients both cases."""
    return text.lower()


def order_status(message: OrderStatusMessage) -> OrderStatus:
    return _STATUSES[message]


def order_lines(message: CreateOrderRequest) -> tuple[OrderLine, ...]:
    # The field has presence, so that a price of 0 differs from a missing one, which validation rejects.
    return tuple(OrderLine(line.sku, line.quantity, line.unit_price_minor or 0) for line in message.lines)


def filters(message: ListOrdersRequest, actor: Actor) -> OrderFilters:
    """Returns the filters of a list: the actor's own orders unless the message names a user."""
    return OrderFilters(
        user_id=actor.user_id if message.user_id is None else canonical_id(message.user_id),
        status=None if message.status is None else order_status(message.status),
    )


def order_message(order: Order) -> OrderMessage:
    return OrderMessage(
        order_id=order.order_id,
        user_id=order.user_id,
        currency=order.currency,
        lines=[
            OrderLineMessage(sku=line.sku, quantity=line.quantity, unit_price_minor=line.unit_price_minor)
            for line in order.lines
        ],
        total_minor=order.total_minor,
        status=_STATUS_MESSAGES.get(order.status, OrderStatusMessage.UNSPECIFIED),
        raw_status=order.status.value if order.status not in _STATUS_MESSAGES else "",
        version=order.version,
        created_at=order.created_at,
        updated_at=order.updated_at,
    )
