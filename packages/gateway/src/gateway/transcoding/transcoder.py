"""The innermost layer: for every method, an HTTP request becomes a gRPC call, and its result an HTTP response."""

from collections.abc import Mapping

from service_kit.contract.policy import SessionEffect
from service_kit.contract.reasons import Reason
from service_kit.request.errors import CallError
from starlette.types import Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.media_types import is_json, unsupported
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.renewal import COOKIE_HEADER, SESSION_HEADERS
from gateway.transcoding.endpoint import Endpoint
from gateway.transcoding.preconditions import preconditions_of
from gateway.transcoding.response_writer import Response
from gateway.upstream.problems import to_problem
from gateway.upstream.upstream import Upstream


class Transcoder:
    """Serves exchanges that have an endpoint. upstreams: by name; reasons: the contract's catalogue."""

    def __init__(self, upstreams: Mapping[str, Upstream], cookie: SessionCookie, reasons: Mapping[str, Reason]) -> None:
        self._upstreams = upstreams
        self._cookie = cookie
        self._reasons = reasons

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        endpoint = exchange.endpoint
        if endpoint is None:
            raise LookupError("routing lets no request through without an endpoint")
        exchange.secret = exchange.secret or endpoint.writer.secret
        response = await self._call(exchange, endpoint, scope)
        self._keep_session(exchange, endpoint, response)
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _call(self, exchange: Exchange, endpoint: Endpoint, scope: Scope) -> Response:
        method = endpoint.method
        if exchange.body and not is_json(scope["headers"]):
            raise unsupported(scope["method"], "The body must be application/json in UTF-8.")
        query, headers = scope["query_string"], scope["headers"]
        message = await endpoint.reader.read_sharing(exchange.path_parameters, query, headers, exchange.body)
        preconditions = preconditions_of(method, endpoint.http_method, headers)
        try:
            reply = await self._upstreams[method.upstream].call(method, message, exchange.request)
        except CallError as exc:
            raise to_problem(exc, self._reasons) from exc
        response = endpoint.writer.write(reply)
        return response if preconditions is None else preconditions.apply(response)

    def _keep_session(self, exchange: Exchange, endpoint: Endpoint, response: Response) -> None:
        if response.grant is not None:
            cookie, replaced = self._cookie.issue(response.grant.session_key, response.grant.max_age_s), SESSION_HEADERS
        elif endpoint.method.policy.session is SessionEffect.ENDS:
            cookie, replaced = self._cookie.clear(), COOKIE_HEADER
            exchange.secret = True
        else:
            return
        # A renewal on the way in may have handed out credentials already: the last word counts.
        exchange.response_headers[:] = [h for h in exchange.response_headers if h[0] not in replaced]
        exchange.response_headers.append(cookie)
