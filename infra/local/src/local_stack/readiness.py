"""Asking a process whether it is ready."""

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_S = 3.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What /readyz said; ``reason`` is empty when ready, else names what is missing."""

    ready: bool
    reason: str


async def ask(admin_url: str) -> Answer:
    """Ask the process behind ``admin_url`` once; whatever goes wrong is an answer too."""
    try:
        status, body = await asyncio.to_thread(_get, admin_url)
    except (OSError, http.client.HTTPException) as exc:
        return Answer(ready=False, reason=f"{admin_url}/readyz: {exc}")
    return Answer(ready=True, reason="") if status == _OK else Answer(ready=False, reason=_reason(status, body))


def _get(admin_url: str) -> tuple[int, bytes]:
    place = urlsplit(admin_url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _reason(status: int, body: bytes) -> str:
    try:
        checks: dict[str, dict[str, Any]] = json.loads(body)["checks"]
        return ", ".join(f"{name}: {check.get('reason')}" for name, check in checks.items() if not check["ok"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"/readyz answered {status}"
