"""Refuses requests that pages of other sites send to a port for operators, through an operator's browser.

Every page in a browser on the same machine can reach a loopback port: by cross-site requests, and, if the attacker's
host name resolves to 127.0.0.1 (DNS rebinding), by requests that look same-origin.
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
    """Answers 403 to a request for which `foreign` gives a reason."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = foreign(scope["headers"]) if scope["type"] == "http" else None
        if reason is None:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse(reason + "\n", 403, ONE_ANSWER)(scope, receive, send)


def foreign(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Returns why a request may come from another site's page; None if it cannot.

    Host must be a name that cannot be registered as a domain: an IP address, localhost, or one without a dot, as
    between containers. Requests without Sec-Fetch-Site and Origin come from tools other than browsers.
    """
    values = {name: value.decode("latin-1") for name, value in headers}
    host = values.get(b"host", "")
    if not _is_unregistrable(host):
        return f"Host is {host!r}. Use an IP address, localhost, or a name without a dot."
    site, origin = values.get(b"sec-fetch-site"), values.get(b"origin")
    if site is not None and site not in _OWN:
        return f"Sec-Fetch-Site is {site!r}. Only this port's own pages may use it."
    if origin is not None and _netloc(origin) != host.lower():
        return f"Origin is {origin!r}. Only this port's own pages may use it."
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
