"""The exact shapes of the platform's responses."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "request_id", "violations"}
DECISION_FIELDS = {"policy", "state", "limit", "remaining", "retry_after_s"}
POLICY_STATUSES = {401, 403, 429, 503, 504}
RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
MAX_SAFE_INTEGER = 2**53 - 1


def assert_uuid7(value: Any) -> None:
    assert isinstance(value, str)
    parsed = uuid.UUID(value)
    assert str(parsed) == value
    assert parsed.version == 7
    assert parsed.variant == uuid.RFC_4122


def assert_recent_time(value: Any) -> None:
    """Checks that the value is an RFC 3339 time in UTC within ten minutes of now."""
    assert isinstance(value, str)
    assert RFC_3339_UTC.fullmatch(value), value
    moment = datetime.fromisoformat(value)
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=10)


def assert_common_headers(response: httpx2.Response) -> None:
    """Checks the headers of every response, regardless of its status."""
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r"[\x21-\x7e]{1,128}", response.headers["X-Request-Id"])


def assert_success(response: httpx2.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert_common_headers(response)
    if status == 204:
        assert response.content == b""
    else:
        assert response.headers["Content-Type"].partition(";")[0] == "application/json"


def assert_problem(
    response: httpx2.Response, status: int, code: str | None = None, field: str | None = None
) -> dict[str, Any]:
    """Checks that the response is a problem document with this status, and this code and violated field if given."""
    assert response.status_code == status, response.text
    assert_common_headers(response)
    assert response.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) - {"decision"} == PROBLEM_FIELDS
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert re.fullmatch(r"[A-Z][A-Z0-9_]*", problem["code"])
    for name in ("type", "title", "detail"):
        assert isinstance(problem[name], str)
    _assert_violations(problem["violations"], field)
    _assert_decision(problem, status)
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    if code is not None:
        assert problem["code"] == code
    return problem


def assert_invalid(response: httpx2.Response, field: str | None = None, code: str | None = None) -> dict[str, Any]:
    """Checks that the response is a 400 with violations."""
    problem = assert_problem(response, 400, code, field)
    assert problem["violations"], problem
    return problem


def _assert_violations(violations: Any, field: str | None) -> None:
    assert isinstance(violations, list)
    for violation in violations:
        assert set(violation) == {"field", "rule", "message"}
        assert all(isinstance(value, str) for value in violation.values())
        assert violation["rule"]
        assert violation["message"]
    if field is not None:
        assert field in {violation["field"] for violation in violations}, violations


def _assert_decision(problem: dict[str, Any], status: int) -> None:
    assert ("decision" in problem) == (status in POLICY_STATUSES), problem
    if "decision" in problem:
        decision = problem["decision"]
        assert set(decision) <= DECISION_FIELDS
        assert isinstance(decision["policy"], str)
        assert decision["policy"]


def assert_user(user: Any, *, email: str, name: str = "Ada Lovelace", role: str = "user") -> None:
    assert set(user) == {"user_id", "email", "name", "role", "created_at"}
    assert_uuid7(user["user_id"])
    assert (user["email"], user["name"], user["role"]) == (email, name, role)
    assert_recent_time(user["created_at"])


def assert_order(order: Any) -> None:
    expected = {"order_id", "user_id", "currency", "lines", "total_minor", "status", "version"}
    assert set(order) == expected | {"created_at", "updated_at"}
    assert_uuid7(order["order_id"])
    assert_uuid7(order["user_id"])
    assert order["status"] in {"processing", "done", "cancelled"}
    for line in order["lines"]:
        assert set(line) == {"sku", "quantity", "unit_price_minor"}
        assert type(line["quantity"]) is int
        assert type(line["unit_price_minor"]) is int
    assert type(order["version"]) is int
    assert type(order["total_minor"]) is int
    assert order["total_minor"] == sum(line["quantity"] * line["unit_price_minor"] for line in order["lines"])
    assert order["total_minor"] <= MAX_SAFE_INTEGER
    assert_recent_time(order["created_at"])
    assert_recent_time(order["updated_at"])
    assert order["updated_at"] >= order["created_at"]


def assert_session_cookie(set_cookie: str) -> None:
    """Checks a Set-Cookie value with a session key."""
    pair, *attributes = set_cookie.split("; ")
    name, _, value = pair.partition("=")
    attribute = {key.lower(): rest for key, _, rest in (text.partition("=") for text in attributes)}
    assert re.fullmatch(r"[A-Za-z0-9._~-]{40,512}", value)
    assert attribute["path"] == "/"
    assert attribute["samesite"].lower() == "lax"
    assert "httponly" in attribute
    assert int(attribute["max-age"]) > 0
    assert "domain" not in attribute
    assert ("secure" in attribute) == (name == "__Host-session_key")


def assert_cleared_cookie(set_cookie: str) -> None:
    """Checks a Set-Cookie value that deletes the session key."""
    attributes = {text.strip().lower() for text in set_cookie.split(";")[1:]}
    assert "max-age=0" in attributes
    assert "path=/" in attributes
