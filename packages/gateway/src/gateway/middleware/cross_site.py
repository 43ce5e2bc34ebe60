"""Keeps other sites' pages from acting through the session cookie of a browser (CSRF).

Source: OWASP's cross-site request forgery prevention cheat sheet; https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Collection

from starlette.types import Scope

from gateway.middleware.cors import parse_origins
from gateway.problems import Decision, Problem
from gateway.request_headers import first

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({b"same-origin", b"none"})


class CrossSiteGuard:
    """Decides whether an unsafe request that only a cookie vouches for comes from a page that may send it.

    allowed_origins: the other origins whose pages may, those of CORS. ValueError: one of them is no origin.
    """

    def __init__(self, allowed_origins: Collection[str]) -> None:
        self._allowed_origins = frozenset(origin.encode("ascii") for origin in parse_origins(allowed_origins))

    def check(self, scope: Scope) -> None:
        """Problem (403 CROSS_SITE_REQUEST): another site's page sent this, or nothing tells that none did."""
        if scope["method"] in _SAFE_METHODS:
            return
        headers = scope["headers"]
        fetch_site = first(headers, b"sec-fetch-site")
        if fetch_site in _OWN_SITE:
            return
        origin = first(headers, b"origin")
        if origin is not None and origin in self._allowed_origins:
            return
        if fetch_site is None and origin is not None and origin in _own_origins(scope):
            return
        raise Problem(
            403,
            "CROSS_SITE_REQUEST",
            "A session cookie alone does not authorise this request from another site.",
            decision=Decision("cross_site", "refused" if origin is not None or fetch_site is not None else "unknown"),
        )


def _own_origins(scope: Scope) -> tuple[bytes, ...]:
    """Our origin as browsers without fetch metadata spell it; a proxy in front of us may speak TLS for us."""
    host = (first(scope["headers"], b"host") or b"").lower()
    if not host:
        return ()
    return (b"https://" + host, str(scope.get("scheme", "http")).encode("ascii") + b"://" + host)
