"""The audit trail: what happened to orders, never changed afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from order_svc.domain.actor import Actor
from order_svc.domain.order import Order
from order_svc.domain.user_deletion import UserDeletion


class EventKind(StrEnum):
    """What happened."""

    CREATED = "created"
    STATUS_CHANGED = "status_changed"
    DELETED = "deleted"


Details = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One entry. actor_id: who did it. request_id: with which request. details: what a reader will ask for later."""

    order_id: str
    kind: EventKind
    actor_id: str
    request_id: str
    at: datetime
    details: Details


def created(order: Order, actor: Actor) -> OrderEvent:
    """The order was placed."""
    details: Details = {"user_id": order.user_id, "currency": order.currency, "total_minor": order.total_minor}
    return OrderEvent(order.order_id, EventKind.CREATED, actor.user_id, actor.request_id, order.created_at, details)


def status_changed(before: Order, after: Order, actor: Actor) -> OrderEvent:
    """The order moved from one status to another."""
    details: Details = {"from": before.status.value, "to": after.status.value, "version": after.version}
    kind = EventKind.STATUS_CHANGED
    return OrderEvent(after.order_id, kind, actor.user_id, actor.request_id, after.updated_at, details)


def cancelled_with_owner(before: Order, after: Order, deletion: UserDeletion) -> OrderEvent:
    """The order was cancelled because its owner was deleted. Whoever did that did this, with the same request."""
    details: Details = {
        "from": before.status.value,
        "to": after.status.value,
        "version": after.version,
        "cause": "user_deleted",
    }
    kind, request_id = EventKind.STATUS_CHANGED, deletion.request_id
    return OrderEvent(after.order_id, kind, deletion.deleted_by, request_id, after.updated_at, details)


def deleted(order: Order, actor: Actor, at: datetime) -> OrderEvent:
    """The order was removed; the entry keeps what it was."""
    details: Details = {
        "user_id": order.user_id,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "status": order.status.value,
        "version": order.version,
    }
    return OrderEvent(order.order_id, EventKind.DELETED, actor.user_id, actor.request_id, at, details)
