"""Readiness checks of the services, over their admin ports."""

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_S = 3.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Readiness:
    """The result of /readyz; ``reason`` is empty when ready, else it names the failed checks."""

    ready: bool
    reason: str


async def check(admin_url: str) -> Readiness:
    """Asks the process at ``admin_url`` once; a failed connection counts as not ready."""
    try:
        status, body = await asyncio.to_thread(_get, admin_url)
    except (OSError, http.client.HTTPException) as exc:
        return Readiness(ready=False, reason=f"{admin_url}/readyz: {exc}")
    return Readiness(ready=True, reason="") if status == _OK else Readiness(ready=False, reason=_reason(status, body))


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
