"""Creates and reads orders for tests."""

from typing import Any

import httpx2

from tests.e2e.api import Api, Headers
from tests.e2e.bindings import Style


def order_line(**changes: Any) -> dict[str, Any]:
    """Returns a valid line with the changes; a change to `...` (Ellipsis) omits the field."""
    fields = {"sku": "pen-blue", "quantity": 2, "unit_price_minor": 150, **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def order_fields(**changes: Any) -> dict[str, Any]:
    """Returns a valid CreateOrder body with the changes; a change to `...` (Ellipsis) omits the field."""
    fields = {"currency": "EUR", "lines": [order_line()], **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def create_order(api: Api, token: str, **changes: Any) -> dict[str, Any]:
    response = api.call("CreateOrder", fields=order_fields(**changes), token=token)
    assert response.status_code == 201, response.text
    order: dict[str, Any] = response.json()
    return order


def move(
    api: Api, style: Style, token: str, order_id: Any, status: Any, *, headers: Headers | None = None
) -> httpx2.Response:
    fields = {"order_id": order_id, "status": status}
    return api.call("UpdateOrderStatus", style, fields, token=token, headers=headers)


def stored(api: Api, token: str, order_id: str) -> dict[str, Any]:
    order: dict[str, Any] = api.call("GetOrder", fields={"order_id": order_id}, token=token).json()
    return order
