"""The whole application of the gateway in this process, without services, stores and sockets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from gateway.app import Parts, build_app
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from gateway.limits.throttle import Throttle, ThrottleConfig
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from gateway.problems import Problem
from gateway.settings import Settings
from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.router import Router
from opentelemetry.metrics import NoOpMeterProvider
from service_kit.contract import Contract
from service_kit.request.principal import Principal
from service_kit.settings import Secret
from service_kit.tokens.errors import TokenError
from starlette.types import ASGIApp, Message, Scope

#: The access token that this gateway accepts.
TOKEN = b"user"
#: The size in bytes of the pieces in which a body arrives, as from a socket.
_PIECE_BYTES = 64 * 1024


class _Verifier:
    async def verify(self, token: str) -> Principal:
        if token != TOKEN.decode():
            raise TokenError("malformed", "not the one that is taken")
        return Principal("user-1", "user", "session-1", "token-1", key_counter=0, issued_at=0, expires_at=2**31)


class _UnreachableServices:
    """Stands in for every service, and for the session renewer."""

    async def call(self, *_: Any) -> Any:
        raise Problem(503, "UPSTREAM_UNAVAILABLE")

    async def renew(self, *_: Any) -> Any:
        raise Problem(503, "UPSTREAM_UNAVAILABLE")

    def presented(self, *_: Any) -> None:
        return


def in_process_gateway(contract: Contract) -> ASGIApp:
    """Returns the application, with quotas that no test exhausts."""
    unreachable: Any = _UnreachableServices()
    # The process's own registry would show an instrument of each application once more.
    instruments = NoOpMeterProvider().get_meter(__name__)
    local = LocalLimiter()
    quota = Quota(1_000_000, 1)
    settings = Settings(
        upstreams={}, redis_url=Secret("redis://unused"), rate_limit_default=quota, rate_limit_credentials=quota
    )
    methods = contract.methods.values()
    parts = Parts(
        contract=contract,
        router=Router(endpoints_of(contract)),
        upstreams={method.upstream: unreachable for method in methods},
        verifier=cast("Any", _Verifier()),
        renewer=unreachable,
        uses=unreachable,
        limiter=DegradingLimiter(local, local, instruments),
        throttle=Throttle(methods, ThrottleConfig(64, 64, 64, 2.0), ThrottleTelemetry(instruments)),
        meter=instruments,
        version="0",
    )
    return build_app(settings, parts)


@dataclass
class Answer:
    """A response."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


async def ask(
    app: ASGIApp, verb: str, target: bytes, headers: Sequence[tuple[bytes, bytes]] = (), body: bytes = b""
) -> Answer:
    """Sends one HTTP/2 request, its body in pieces, and returns the response."""
    path, _, query = target.partition(b"?")
    pieces = [body[start : start + _PIECE_BYTES] for start in range(0, len(body), _PIECE_BYTES)] or [b""]
    events = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]
    answer = Answer()

    async def receive() -> Message:
        return events.pop(0) if events else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    scope: Scope = {
        "type": "http",
        "http_version": "2",
        "method": verb,
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
        "client": ("192.0.2.1", 5000),
    }
    await app(scope, receive, send)
    return answer
