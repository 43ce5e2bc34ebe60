"""Keeps pages of other sites, in the browser of somebody who can reach a port, from using it.

A port on loopback is within reach of every page that its owner's browser shows: by requests across sites, and, with a
name that its attacker lets point to 127.0.0.1 (DNS rebinding), by requests that look like its own.
Sources: https://www.w3.org/TR/fetch-metadata/, RFC 9110 section 7.2 (Host), RFC 6454 (Origin).
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from service_kit.http.internal_server import ONE_ANSWER

_OWN = frozenset({"same-origin", "none"})


class OwnPagesMiddleware:
    """Answers 403 to what `foreign` finds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = foreign(scope["headers"]) if scope["type"] == "http" else None
        if reason is None:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse(reason + "\n", 403, ONE_ANSWER)(scope, receive, send)


def foreign(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why a request may come from another site's page; None: it does not.

    Host has to be a name that nobody can register: an IP address, localhost, or one without a dot, as between
    containers. Requests without Sec-Fetch-Site and Origin are those of tools.
    """
    told = {name: value.decode("latin-1") for name, value in headers}
    host = told.get(b"host", "")
    if not _is_unregistrable(host):
        return f"Host is {host!r}. Ask by an IP address, by localhost, or by a name without a dot."
    site, origin = told.get(b"sec-fetch-site"), told.get(b"origin")
    if site is not None and site not in _OWN:
        return f"Sec-Fetch-Site is {site!r}. This is for this port's own pages."
    if origin is not None and _netloc(origin) != host.lower():
        return f"Origin is {origin!r}. This is for this port's own pages."
    return None


def _is_unregistrable(host: str) -> bool:
    name = _hostname(host)
    if "." not in name and ":" not in name:
        return bool(name)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.endswith(".localhost")
    return True


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
