"""Finds out what a request is for, before anything is spent on it."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.media_types import accepted_by
from gateway.problems import Problem
from gateway.transcoding.path_segments import PathError
from gateway.transcoding.router import Match, OtherMethods, Router


class RoutingMiddleware:
    """Leads requests to endpoints of the contract, or to the gateway's own pages.

    pages: ASGI applications by path, "/docs"; one whose path ends in a slash also serves every path below. They serve
    GET and HEAD only, and no layer further in is asked.
    """

    def __init__(self, app: ASGIApp, router: Router, pages: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._router = router
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["raw_path"] == b"*":
            # Only OPTIONS can have this target (RFC 9110, 9.3.7): it asks about the server as a whole.
            await _answer_options(send, (*self._router.http_methods, "OPTIONS"))
            return
        match = self._match(scope)
        if match is None:
            await self._page(scope)(scope, receive, send)
        elif not isinstance(match, OtherMethods):
            exchange = exchange_of(scope)
            exchange.endpoint = match.endpoint
            exchange.path_parameters = match.path_parameters
            exchange.request.route = match.endpoint.binding.path
            exchange.request.rpc = match.endpoint.method.full_name
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await _answer_options(send, match.allow)
        else:
            raise _not_allowed(match.allow)

    def _match(self, scope: Scope) -> Match | OtherMethods | None:
        try:
            return self._router.match(scope["method"], scope["raw_path"])
        except PathError as exc:
            raise Problem(400, "MALFORMED_REQUEST", str(exc)) from exc

    def _page(self, scope: Scope) -> ASGIApp:
        path = scope["raw_path"].decode("latin-1")  # not decoded: an encoded slash separates nothing
        for place, page in self._pages.items():
            if path == place or (place.endswith("/") and path.startswith(place)):
                if scope["method"] not in {"GET", "HEAD"}:
                    raise _not_allowed(("GET", "HEAD"))
                exchange_of(scope).page = place.rstrip("/")
                return page
        raise Problem(404, "ROUTE_NOT_FOUND", "There is nothing at this path.")


async def _answer_options(send: Send, methods: tuple[str, ...]) -> None:
    headers = [_allow(methods), *accepted_by(*methods)]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _allow(methods: tuple[str, ...]) -> tuple[bytes, bytes]:
    return b"allow", ", ".join(methods).encode()


def _not_allowed(methods: tuple[str, ...]) -> Problem:
    detail = f"This path takes {' and '.join(methods)}."
    return Problem(405, "METHOD_NOT_ALLOWED", detail, headers=(_allow(methods),))
