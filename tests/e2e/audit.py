"""Reads the audit log over REST."""

import re
from typing import Any

from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.shapes import assert_recent_time, assert_success
from tests.running.polling import eventually

ALWAYS = {"event_id", "kind", "at", "ip", "request_id", "detail"}


def audit_page(api: Api, token: str, style: Style = Style.SHORT, **fields: Any) -> dict[str, Any]:
    """Returns a page of the log, and checks its shape."""
    response = api.call("ListAuditEvents", style, fields, token=token)
    assert_success(response, 200)
    assert response.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert set(body) == {"events", "next_page_token"}
    for event in body["events"]:
        assert_audit_event(event)
    return body


def assert_audit_event(event: Any) -> None:
    assert ALWAYS <= set(event) <= ALWAYS | {"actor_id", "subject_id"}
    assert re.fullmatch(r"[1-9][0-9]*", event["event_id"])
    assert_recent_time(event["at"])
    assert all(isinstance(value, str) for pair in event["detail"].items() for value in pair)


def recorded(api: Api, token: str, user_id: str, *kinds: str) -> list[dict[str, Any]]:
    """Waits until the user's events include all of the kinds, and returns them newest first: some are written late."""

    def complete() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = audit_page(api, token, user_id=user_id, page_size=100)["events"]
        return found if set(kinds) <= {event["kind"] for event in found} else None

    return eventually(complete, within_s=10)
