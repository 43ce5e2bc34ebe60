"""Every row of the REST contract, written by hand: tests must not derive it from the code under test."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Style(StrEnum):
    """The two bindings of a method."""

    SHORT = "short"
    RESOURCE = "resource"


STYLES = tuple(Style)
BODY_VERBS = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Binding:
    """A verb and a path; `{name}` in the path stands for the request field of that name."""

    verb: str
    path: str

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"

    @property
    def has_body(self) -> bool:
        return self.verb in BODY_VERBS

    def fill(self, fields: Mapping[str, object]) -> tuple[str, dict[str, object]]:
        """Returns the path with its fields filled in (percent-encoded), and the remaining fields for body or query."""
        path, rest = self.path, dict(fields)
        for name in fields:
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(str(rest.pop(name)), safe=""))
        return path, rest


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the contract. short: None for methods without a short path."""

    short: Binding | None
    resource: Binding
    success: int
    public: bool = False
    admin: bool = False

    def __getitem__(self, style: Style) -> Binding:
        return self.short if style is Style.SHORT and self.short is not None else self.resource


def _row(short: str, resource: str, success: int, *, public: bool = False, admin: bool = False) -> Row:
    return Row(Binding(*short.split()) if short else None, Binding(*resource.split()), success, public, admin)


ROWS: Mapping[str, Row] = {
    "Register": _row("POST /api/users/reg", "POST /api/v1/users", 201, public=True),
    "Login": _row("POST /api/users/log", "POST /api/v1/sessions", 200, public=True),
    "ExtractToken": _row("POST /api/users/ext", "POST /api/v1/tokens/introspect", 200),
    "GetUser": _row("GET /api/users/me", "GET /api/v1/users/{user_id}", 200),
    "DeleteUser": _row("DELETE /api/users/del", "DELETE /api/v1/users/{user_id}", 204),
    "ListUsers": _row("", "GET /api/v1/users", 200, admin=True),
    "SetUserRole": _row("", "PATCH /api/v1/users/{user_id}", 200, admin=True),
    "ChangePassword": _row("POST /api/users/password", "PUT /api/v1/users/me/password", 204),
    "Logout": _row("POST /api/users/logout", "DELETE /api/v1/sessions/current", 204),
    "ListSessions": _row("GET /api/users/sessions", "GET /api/v1/sessions", 200),
    "RevokeSession": _row("DELETE /api/users/sessions/{session_id}", "DELETE /api/v1/sessions/{session_id}", 204),
    "ListAuditEvents": _row("GET /api/audit/events", "GET /api/v1/audit-events", 200, admin=True),
    "CreateOrder": _row("POST /api/orders/add", "POST /api/v1/orders", 201),
    "GetOrder": _row("GET /api/orders/info", "GET /api/v1/orders/{order_id}", 200),
    "ListOrders": _row("GET /api/orders", "GET /api/v1/orders", 200),
    "UpdateOrderStatus": _row("PATCH /api/orders/status", "PATCH /api/v1/orders/{order_id}", 200),
    "DeleteOrder": _row("DELETE /api/orders/del", "DELETE /api/v1/orders/{order_id}", 204),
}

UNKNOWN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
"""A well-formed id of nothing."""

PATH_IDS: Mapping[str, object] = dict.fromkeys(("user_id", "order_id", "session_id"), UNKNOWN_ID)
"""A value for every path variable."""

WELL_FORMED: Mapping[str, Mapping[str, object]] = {
    "ChangePassword": {"current_password": "correct horse 1", "new_password": "correct horse 2"},
    "RevokeSession": {"session_id": "unknown"},
    "SetUserRole": {"user_id": UNKNOWN_ID, "role": "user"},
    "CreateOrder": {"currency": "EUR", "lines": [{"sku": "pen", "quantity": 1, "unit_price_minor": 1}]},
    "GetOrder": {"order_id": UNKNOWN_ID},
    "UpdateOrderStatus": {"order_id": UNKNOWN_ID, "status": "cancelled"},
    "DeleteOrder": {"order_id": UNKNOWN_ID},
}
"""The required fields of the protected methods, with valid values that change nothing."""

BINDINGS = tuple(
    (rpc, style) for rpc, row in ROWS.items() for style in STYLES if style is Style.RESOURCE or row.short is not None
)
PROTECTED_BINDINGS = tuple((rpc, style) for rpc, style in BINDINGS if not ROWS[rpc].public)
BODY_BINDINGS = tuple((rpc, style) for rpc, style in BINDINGS if ROWS[rpc][style].has_body)


def allowed_verbs(path: str) -> set[str]:
    """Returns the HTTP methods that the contract allows on a path."""
    return {row[style].verb for row in ROWS.values() for style in STYLES if row[style].path == path}
