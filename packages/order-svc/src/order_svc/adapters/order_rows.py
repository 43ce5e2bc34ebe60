"""Converts orders and events to the parameters of the statements in order_sql, and rows to orders."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from order_svc.domain.events import OrderEvent
from order_svc.domain.order import Order, OrderLine, status_of


def order_of(row: Sequence[Any]) -> Order:
    """Returns the order of a row with the columns that order_sql selects."""
    order_id, user_id, currency, lines, total_minor, status, version, created_at, updated_at = row
    return Order(
        order_id=order_id,
        user_id=user_id,
        currency=currency,
        lines=tuple([OrderLine(line["sku"], line["quantity"], line["unit_price_minor"]) for line in json.loads(lines)]),
        total_minor=total_minor,
        status=status_of(status),
        version=version,
        created_at=created_at,
        updated_at=updated_at,
    )


def parameters_of(order: Order, event: OrderEvent) -> Mapping[str, Any]:
    """Returns the parameters of a statement that writes an order and its event."""
    return {
        "order_id": order.order_id,
        "user_id": order.user_id,
        "currency": order.currency,
        "lines": Jsonb(
            [
                {"sku": line.sku, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor}
                for line in order.lines
            ]
        ),
        "total_minor": order.total_minor,
        "status": order.status.value,
        "version": order.version,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "kind": event.kind.value,
        "actor_id": event.actor_id,
        "event_request_id": event.request_id,
        "event_at": event.at,
        "details": Jsonb(dict(event.details)),
    }


def columns_of(changes: Sequence[tuple[Order, OrderEvent]]) -> Mapping[str, Any]:
    """Returns the parameters of a statement that writes several orders and events: a list for each column."""
    rows = [parameters_of(order, event) for order, event in changes]
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
