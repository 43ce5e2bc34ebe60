"""Compresses large responses without secrets by gzip."""

from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.accept_encoding import accepts_gzip
from gateway.entity_tags import tag_of_coding
from gateway.exchange import Exchange, exchange_of

# Level 6 is zlib's default; 9 costs twice the time for about 1 % on JSON.
_LEVEL = 6
# It compresses 20 to 40 bytes in a microsecond: bodies that take longer than 1 to 2 ms are compressed in a thread.
_IN_THREAD_FROM_BYTES = 32 * 1024


class CompressionMiddleware:
    """Compresses bodies of at least ``minimum_bytes`` for clients that accept gzip.

    A response with a token or a cookie is not compressed: its compressed length would depend on the secret
    (the BREACH attack, https://breachattack.com). Starlette's own middleware takes `gzip;q=0` for consent.
    The gateway's own pages are compressed already. The body of a response to HEAD is dropped here, not earlier: the
    header fields must be those of GET (RFC 9110, 9.3.2).
    """

    def __init__(self, app: ASGIApp, minimum_bytes: int = 1024) -> None:
        self.app = app
        self._minimum_bytes = minimum_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        if scope["method"] == "HEAD":
            send = _without_body(send)
        deliver: Send | None = None

        async def choose(message: Message) -> None:
            nonlocal deliver
            if deliver is None and message["type"] == "http.response.start":
                # A copy: the responders change the list, which may belong to a response that is sent repeatedly.
                message = {**message, "headers": list(message.get("headers", ()))}
                deliver = send if self._leave_alone(message, exchange) else self._responder(scope, send)
            await (deliver or send)(message)

        await self.app(scope, receive, choose)

    def _leave_alone(self, message: Message, exchange: Exchange) -> bool:
        if exchange.secret or exchange.page is not None:
            return True
        for name, value in message.get("headers", ()):
            if name == b"content-length":
                if int(value) < self._minimum_bytes:
                    return True
            elif name == b"set-cookie":
                return True
        return False

    def _responder(self, scope: Scope, send: Send) -> Send:
        if accepts_gzip(scope["headers"]):
            responder: IdentityResponder = GZipResponder(
                self.app, self._minimum_bytes, compresslevel=_LEVEL, thread_minimum_size=_IN_THREAD_FROM_BYTES
            )
        else:
            # It does not compress, but adds Vary: other clients receive other bytes.
            responder = IdentityResponder(self.app, self._minimum_bytes)
        responder.send = _with_own_entity_tag(send)
        return responder.send_with_compression


def _with_own_entity_tag(send: Send) -> Send:
    """Two representations that differ in bytes must differ in their strong entity tags (RFC 9110, 8.8.3.3)."""

    async def send_tagged(message: Message) -> None:
        if message["type"] == "http.response.start" and (b"content-encoding", b"gzip") in message["headers"]:
            headers = [
                (name, tag_of_coding(value, b"gzip") if name == b"etag" else value)
                for name, value in message["headers"]
            ]
            message = {**message, "headers": headers}
        await send(message)

    return send_tagged


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head
