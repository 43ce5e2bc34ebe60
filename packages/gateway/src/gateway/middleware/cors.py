"""Cross-origin resource sharing (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from collections.abc import Callable, Collection

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.middleware.problem_details import answer_problem
from gateway.origins import parse_origins
from gateway.problems import Problem

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-Request-Id",
    "traceparent",
    "tracestate",
    "Request-Timeout",
)
_RESPONSE_HEADERS = (
    "X-Request-Id",
    "X-Access-Token",
    "X-Access-Token-Expires-In",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "ETag",
    "Location",
    "Idempotency-Replayed",
)


class CorsMiddleware(CORSMiddleware):
    """Starlette's CORS with credentials, for a fixed list of origins; a refused preflight is a problem document.

    Args:
        origins: the origins whose pages may call the gateway; without one, CORS is off.
        titles: returns the title of a reason.
        preflight_max_age_s: how long a browser may cache the response to a preflight, in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        origins: Collection[str],
        titles: Callable[[str], str],
        preflight_max_age_s: int = 600,
    ) -> None:
        self._titles = titles
        super().__init__(
            app,
            allow_origins=parse_origins(origins),
            allow_methods=_METHODS,
            allow_headers=_REQUEST_HEADERS,
            allow_credentials=True,
            expose_headers=_RESPONSE_HEADERS,
            max_age=preflight_max_age_s,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.allow_origins:
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "origin" in headers and "access-control-request-method" in headers:
                await self._preflight(headers, scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _preflight(self, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        response = self.preflight_response(headers)
        if response.status_code < 400:
            await response(scope, receive, send)
            return
        kept = [pair for pair in response.raw_headers if not pair[0].startswith(b"content-")]
        problem = Problem(response.status_code, "INVALID_REQUEST", f"{bytes(response.body).decode()}.", headers=kept)
        await answer_problem(problem, self._titles, scope, send)
