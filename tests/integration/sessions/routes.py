"""The routes of requests, and their responses to an authenticated client."""

from dataclasses import dataclass
from typing import Any

_UNKNOWN = "01890000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Route:
    """attended: it is a route of the user service, which checks the session. status, code: of the response.

    ends_session: a success clears the cookie, and so does an ended session. issues_session: a success opens a new
    session. admitted: with a valid token, it passes admission control.
    """

    verb: str
    path: str
    status: int
    attended: bool
    code: str | None = None
    body: Any = None
    ends_session: bool = False
    issues_session: bool = False
    admitted: bool = True

    def __repr__(self) -> str:
        return f"<{self.verb} {self.path} {self.status}>"


ME = Route("GET", "/api/users/me", 200, attended=True)
SESSIONS = Route("GET", "/api/v1/sessions", 200, attended=True)
ORDERS = Route("GET", "/api/orders", 200, attended=False)
CREATED = Route(
    "POST",
    "/api/orders/add",
    201,
    attended=False,
    body={"currency": "EUR", "lines": [{"sku": "pen", "quantity": 1, "unit_price_minor": 150}]},
)
NOT_FOUND = Route("GET", f"/api/v1/orders/{_UNKNOWN}", 404, attended=False, code="ORDER_NOT_FOUND")
INVALID = Route("POST", "/api/orders/add", 400, attended=False, code="INVALID_REQUEST", body={"currency": "?"})
ROUTES = (ME, SESSIONS, ORDERS, CREATED, NOT_FOUND, INVALID)

UNAVAILABLE = Route("GET", "/api/orders", 503, attended=False, code="DRAINING")
OVER_QUOTA = Route("GET", "/api/orders", 429, attended=False, code="RATE_LIMITED", admitted=False)

LOGOUT = Route("POST", "/api/users/logout", 204, attended=True, ends_session=True)
DELETE_USER = Route("DELETE", "/api/users/del", 204, attended=True)
LOGIN = Route("POST", "/api/users/log", 200, attended=False)


def revocation(session_id: str, *, found: bool) -> Route:
    path = f"/api/users/sessions/{session_id}"
    if found:
        return Route("DELETE", path, 204, attended=True)
    return Route("DELETE", path, 404, attended=True, code="SESSION_NOT_FOUND")


def cancellation(order_id: str, status: int, code: str | None) -> Route:
    """Of an order that may have been cancelled already."""
    body = {"order_id": order_id, "status": "cancelled"}
    return Route("PATCH", "/api/orders/status", status, attended=False, code=code, body=body)


def password_change(current: str, new: str) -> Route:
    body = {"current_password": current, "new_password": new}
    return Route("POST", "/api/users/password", 204, attended=True, body=body, issues_session=True)
