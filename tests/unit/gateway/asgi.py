"""Drives one ASGI class directly: a scope in, the messages that it sends out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from gateway.admission.pipeline import AdmissionPipeline, Step
from gateway.exchange import Exchange, open_exchange
from gateway.transcoding.body_bounds import BodyBounds
from gateway.transcoding.endpoint import Endpoint
from service_kit.contract.policy import Access, Degraded, Idempotency, MethodPolicy, RateClass, SessionEffect
from service_kit.request.context import RequestContext
from service_kit.request.principal import Principal
from service_kit.telemetry.trace_context import continue_trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Response:
    """What went out."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return cast("int", self.messages[0]["status"])

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    def header(self, name: bytes) -> bytes | None:
        values = [value for field_name, value in self.headers if field_name == name]
        assert len(values) <= 1, f"{name!r} is there {len(values)} times"
        return values[0] if values else None


def http_scope(method: str = "GET", path: str = "/x", headers: Headers = (), **more: Any) -> Scope:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
        "client": ("192.0.2.1", 5000),
        **more,
    }


def exchange_in(scope: Scope, *, policy: MethodPolicy | None = None, principal: Principal | None = None) -> Exchange:
    """Open the scope's exchange, as the outermost layer would have."""
    request = RequestContext("request-1", continue_trace(None), client_address="192.0.2.1", principal=principal)
    exchange = open_exchange(scope, request)
    if policy is not None:
        exchange.endpoint = cast("Endpoint", FakeEndpoint(FakeMethod(policy)))
    return exchange


async def call(app: ASGIApp, scope: Scope, body: Iterable[bytes] = (b"",)) -> Response:
    """Run ``app`` on ``scope``, with a body that arrives in the given pieces."""
    response = Response()
    receive = receiving(body)

    async def send(message: Message) -> None:
        response.messages.append(message)

    await app(scope, receive, send)
    return response


def receiving(body: Iterable[bytes]) -> Receive:
    pieces = list(body)
    messages = [
        {"type": "http.request", "body": piece, "more_body": index < len(pieces) - 1}
        for index, piece in enumerate(pieces)
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


def answering(body: bytes = b"ok", headers: Headers = (), status: int = 200) -> ASGIApp:
    """An application that answers every request the same."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return app


def raising(error: BaseException, *, after_start: bool = False) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        if after_start:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    return app


def admitting(*steps: Step, endpoint: ASGIApp | None = None) -> ASGIApp:
    """The pipeline of the given steps, before an endpoint that answers "ok" unless another one is given."""
    return AdmissionPipeline(steps, endpoint or answering())


@dataclass(frozen=True)
class FakeMethod:
    policy: MethodPolicy
    full_name: str = "thing.v1.ThingService/GetThing"
    upstream: str = "thing-svc"
    location: str = "thing/v1/thing.proto:1:1"


@dataclass(frozen=True)
class FakeEndpoint:
    method: FakeMethod
    path: str = "/things/{thing_id}"
    http_method: str = "GET"
    body_bounds: BodyBounds = field(default=BodyBounds(None, None))


def policy(
    access: Access = Access.USER,
    rate_class: RateClass = RateClass.DEFAULT,
    degraded: Degraded = Degraded.LOCAL_SHARE,
    session: SessionEffect = SessionEffect.NONE,
) -> MethodPolicy:
    return MethodPolicy(
        access=access,
        deadline_s=1.0,
        rate_class=rate_class,
        degraded=degraded,
        session=session,
        success_status=200,
        cache_max_age_s=None,
        idempotency=Idempotency.UNKNOWN,
    )


def principal(role: str = "user", user_id: str = "user-1") -> Principal:
    return Principal(user_id, role, "session-1", "token-1", key_counter=0, issued_at=0, expires_at=2**31)
