"""What the server itself answers to that which never becomes a request of the application's."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus

from loguru import logger
from service_kit.request.request_id import keep_or_mint

from gateway.problems import CONTENT_TYPE, Problem
from gateway.server.telemetry import Cause, EdgeTelemetry

NOT_HTTP = "MALFORMED_REQUEST"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"


class Refusal(Exception):  # noqa: N818 (it refuses; nothing of ours went wrong)
    """A request that goes no further than the server; ``cause`` counts it."""

    def __init__(self, cause: Cause, problem: Problem) -> None:
        super().__init__(problem.code)
        self.cause = cause
        self.problem = problem


def malformed(detail: str) -> Refusal:
    """400: whatever this is, it is no HTTP that could be read in one way only."""
    return Refusal(Cause.MALFORMED, Problem(400, NOT_HTTP, detail))


def not_implemented(detail: str) -> Refusal:
    """501: well-formed, but nothing that this server does for anybody."""
    return Refusal(Cause.NOT_IMPLEMENTED, Problem(501, NOT_IMPLEMENTED, detail))


@dataclass(frozen=True, slots=True)
class Document:
    """A problem document, ready to be sent over any version of HTTP."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def as_http1(self, *, further: Iterable[tuple[bytes, bytes]] = (), has_body: bool = True) -> bytes:
        """The last response of a connection of HTTP/1, with ``further`` header fields. has_body: not for HEAD."""
        phrase = HTTPStatus(self.status).phrase.encode("ascii")
        lines = [b"HTTP/1.1 %d %s" % (self.status, phrase), b"connection: close"]
        lines += [name + b": " + value for name, value in (*self.headers, *further)]
        return b"\r\n".join([*lines, b"", self.body if has_body else b""])


class Refusals:
    """Writes the documents, logs them, since the application's access log sees none of it, and counts them.

    titles: the title of a reason, for people.
    """

    def __init__(self, titles: Callable[[str], str], telemetry: EdgeTelemetry) -> None:
        self._titles = titles
        self._telemetry = telemetry

    def document(self, refusal: Refusal, client_address: str) -> Document:
        """The answer to what ``client_address`` sent; each call counts."""
        problem = refusal.problem
        self._telemetry.refused(refusal.cause)
        request_id = keep_or_mint(None)
        fields = {"status": problem.status, "code": problem.code, "client_address": client_address}
        logger.bind(request_id=request_id, **fields).info("refused unread: {} {}", problem.status, problem.detail)
        body = problem.body(self._titles(problem.code), request_id)
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id.encode("ascii")),
            (b"x-content-type-options", b"nosniff"),
            *problem.response_headers(),
        ]
        return Document(problem.status, headers, body)
