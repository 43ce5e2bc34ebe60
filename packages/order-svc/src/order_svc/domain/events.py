"""The audit trail: one immutable entry for each change of an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from order_svc.domain.actor import Actor
from order_svc.domain.order import Order
from order_svc.domain.user_deletion import UserDeletion


class EventKind(StrEnum):
    """The kinds of changes."""

    CREATED = "created"
    STATUS_CHANGED = "status_changed"
    DELETED = "deleted"


Details = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One entry of the audit trail.

    Args:
        order_id: the order that changed.
        kind: what happened.
        actor_id: the user who caused it.
        request_id: the request that caused it.
        at: when, in UTC.
        details: further facts of this kind of event.
    """

    order_id: str
    kind: EventKind
    actor_id: str
    request_id: str
    at: datetime
    details: Details


def created(order: Order, actor: Actor) -> OrderEvent:
    """Returns the entry for a new order."""
    details: Details = {"user_id": order.user_id, "currency": order.currency, "total_minor": order.total_minor}
    return OrderEvent(order.order_id, EventKind.CREATED, actor.user_id, actor.request_id, order.created_at, details)


def status_changed(before: Order, after: Order, actor: Actor) -> OrderEvent:
    """Returns the entry for a change of status."""
    details: Details = {"from": before.status.value, "to": after.status.value, "version": after.version}
    kind = EventKind.STATUS_CHANGED
    return OrderEvent(after.order_id, kind, actor.user_id, actor.request_id, after.updated_at, details)


def cancelled_with_owner(before: Order, after: Order, deletion: UserDeletion) -> OrderEvent:
    """Returns the entry for an order that is cancelled because its owner was deleted.

    Its actor and request are those of the deletion.
    """
    details: Details = {
        "from": before.status.value,
        "to": after.status.value,
        "version": after.version,
        "cause": "user_deleted",
    }
    kind, request_id = EventKind.STATUS_CHANGED, deletion.request_id
    return OrderEvent(after.order_id, kind, deletion.deleted_by, request_id, after.updated_at, details)


def deleted(order: Order, actor: Actor, at: datetime) -> OrderEvent:
    """Returns the entry for a deleted order; its details describe the order."""
    details: Details = {
        "user_id": order.user_id,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "status": order.status.value,
        "version": order.version,
    }
    return OrderEvent(order.order_id, EventKind.DELETED, actor.user_id, actor.request_id, at, details)
