"""Protects against cross-site request forgery through the session cookie of a browser (CSRF).

Source: OWASP's cross-site request forgery prevention cheat sheet; https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Collection

from gateway.exchange import Exchange
from gateway.origins import parse_origins
from gateway.problems import Decision, Problem
from gateway.request_headers import first

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({b"same-origin", b"none"})


class CrossSiteGuard:
    """Verifies that an unsafe request whose only credential is a cookie comes from a page that may send it.

    Args:
        allowed_origins: the other origins whose pages may, those of CORS.

    Raises:
        ValueError: one of them is no origin.
    """

    def __init__(self, allowed_origins: Collection[str]) -> None:
        self._allowed_origins = frozenset(origin.encode("ascii") for origin in parse_origins(allowed_origins))

    def check(self, exchange: Exchange) -> None:
        """Raises Problem (403 CROSS_SITE_REQUEST) for a request of another site's page, or of unknown origin."""
        if exchange.http_method in _SAFE_METHODS:
            return
        headers = exchange.headers
        fetch_site = first(headers, b"sec-fetch-site")
        if fetch_site in _OWN_SITE:
            return
        origin = first(headers, b"origin")
        if origin is not None and origin in self._allowed_origins:
            return
        if fetch_site is None and origin is not None and origin in _own_origins(exchange):
            return
        raise Problem(
            403,
            "CROSS_SITE_REQUEST",
            "A session cookie alone does not authorise this request from another site.",
            decision=Decision("cross_site", "refused" if origin is not None or fetch_site is not None else "unknown"),
        )


def _own_origins(exchange: Exchange) -> tuple[bytes, ...]:
    """Returns the gateway's origin as browsers without fetch metadata send it; a proxy in front may terminate TLS."""
    host = (first(exchange.headers, b"host") or b"").lower()
    if not host:
        return ()
    return (b"https://" + host, exchange.scheme.encode("ascii") + b"://" + host)
