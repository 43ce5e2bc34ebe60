"""Finds the endpoint or page that a request is for."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange
from gateway.media_types import accepted_by
from gateway.problems import Problem
from gateway.transcoding.path_segments import PathError
from gateway.transcoding.router import Match, OtherMethods, Router


class RoutingStep:
    """Routes a request to an endpoint of the contract or to one of the gateway's own pages, and answers OPTIONS.

    Args:
        router: knows the endpoints.
        pages: ASGI applications by path, such as "/docs"; one whose path ends in a slash serves every path below it.
            They serve GET and HEAD only.
    """

    def __init__(self, router: Router, pages: Mapping[str, ASGIApp]) -> None:
        self._router = router
        self._pages = pages

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.raw_path == b"*":
            # Only OPTIONS can have this target (RFC 9110, 9.3.7): it asks about the server as a whole.
            exchange.handler = _options((*self._router.http_methods, "OPTIONS"))
            return
        match = self._match(exchange)
        if match is None:
            exchange.handler = self._page(exchange)
        elif not isinstance(match, OtherMethods):
            exchange.endpoint = match.endpoint
            exchange.path_parameters = match.path_parameters
            exchange.request.route = match.endpoint.binding.path
            exchange.request.rpc = match.endpoint.method.full_name
        elif exchange.http_method == "OPTIONS":
            exchange.handler = _options(match.allow)
        else:
            raise _not_allowed(match.allow)

    def _match(self, exchange: Exchange) -> Match | OtherMethods | None:
        try:
            return self._router.match(exchange.http_method, exchange.raw_path)
        except PathError as exc:
            raise Problem(400, "MALFORMED_REQUEST", str(exc)) from exc

    def _page(self, exchange: Exchange) -> ASGIApp:
        path = exchange.raw_path.decode("latin-1")  # not percent-decoded: an encoded slash separates nothing
        for prefix, page in self._pages.items():
            if path == prefix or (prefix.endswith("/") and path.startswith(prefix)):
                if exchange.http_method not in {"GET", "HEAD"}:
                    raise _not_allowed(("GET", "HEAD"))
                exchange.page = prefix.rstrip("/")
                return page
        raise Problem(404, "ROUTE_NOT_FOUND", "There is nothing at this path.")


def _options(methods: tuple[str, ...]) -> ASGIApp:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [_allow(methods), *accepted_by(*methods)]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return answer


def _allow(methods: tuple[str, ...]) -> tuple[bytes, bytes]:
    return b"allow", ", ".join(methods).encode()


def _not_allowed(methods: tuple[str, ...]) -> Problem:
    detail = f"This path takes {' and '.join(methods)}."
    return Problem(405, "METHOD_NOT_ALLOWED", detail, headers=(_allow(methods),))
