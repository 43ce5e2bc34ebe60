"""The server's own responses to requests that it does not pass to the application."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus

from loguru import logger
from service_kit.request.request_id import keep_or_mint

from gateway.problems import CONTENT_TYPE, Problem
from gateway.server.telemetry import Cause, EdgeTelemetry

NOT_HTTP = "MALFORMED_REQUEST"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"


class Refusal(Exception):  # noqa: N818 (a decision about a request; the server has not failed)
    """A request that the server answers itself; ``cause`` is for the metric."""

    def __init__(self, cause: Cause, problem: Problem) -> None:
        super().__init__(problem.code)
        self.cause = cause
        self.problem = problem


def malformed(detail: str) -> Refusal:
    """Returns 400: not HTTP, or HTTP that can be read in two ways."""
    return Refusal(Cause.MALFORMED, Problem(400, NOT_HTTP, detail))


def not_implemented(detail: str) -> Refusal:
    """Returns 501: well-formed, but not supported by this server."""
    return Refusal(Cause.NOT_IMPLEMENTED, Problem(501, NOT_IMPLEMENTED, detail))


@dataclass(frozen=True, slots=True)
class Document:
    """A problem document that can be sent over any version of HTTP."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def as_http1(self, *, further: Iterable[tuple[bytes, bytes]] = (), has_body: bool = True) -> bytes:
        """Returns the last response of an HTTP/1 connection, with ``further`` header fields; HEAD has no body."""
        phrase = HTTPStatus(self.status).phrase.encode("ascii")
        lines = [b"HTTP/1.1 %d %s" % (self.status, phrase), b"connection: close"]
        lines += [name + b": " + value for name, value in (*self.headers, *further)]
        return b"\r\n".join([*lines, b"", self.body if has_body else b""])


class Refusals:
    """Writes the documents, counts them, and logs them, since they do not pass the application's access log.

    Args:
        titles: Returns the title of a problem code.
    """

    def __init__(self, titles: Callable[[str], str], telemetry: EdgeTelemetry) -> None:
        self._titles = titles
        self._telemetry = telemetry

    def document(self, refusal: Refusal, client_address: str) -> Document:
        """Returns the response to a request of ``client_address``; counts and logs it."""
        problem = refusal.problem
        self._telemetry.refused(refusal.cause)
        request_id = keep_or_mint(None)
        fields = {"status": problem.status, "code": problem.code, "detail": problem.detail}
        logger.bind(request_id=request_id, client_address=client_address, **fields).info(
            "request refused by the server"
        )
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
