"""HTTP/1.1 as bytes on a socket, for malformed requests."""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.running.secrets_seen import SEEN

TIMEOUT_S = 15


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A response: status (0 if the connection closed without one), headers by lower-case name, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def request_bytes(verb: str, target: bytes, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b"") -> bytes:
    """Returns a request with `Host` and `Connection: close`; nothing else is added, not even Content-Length."""
    lines = [verb.encode() + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"", body])


def json_request(verb: str, target: bytes, body: bytes, *headers: tuple[bytes, bytes]) -> bytes:
    length = (b"Content-Length", str(len(body)).encode())
    return request_bytes(verb, target, [(b"Content-Type", b"application/json"), length, *headers], body)


def exchange(url: str, *pieces: bytes) -> RawResponse:
    """Sends the pieces until the peer stops reading, then reads the one response."""
    SEEN.note_text(b"".join(pieces))
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=TIMEOUT_S) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early: the response may be readable nevertheless
        received = _read_all(connection)
    SEEN.note_text(received)
    return _parse(received)


def _read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
            if _is_complete(received):
                break
    except ConnectionResetError:
        pass
    return received


def _is_complete(received: bytes) -> bool:
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    length = _headers(head).get("content-length")
    return length is not None and len(body) >= int(length)


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in pairs}


def _parse(received: bytes) -> RawResponse:
    if not received:
        return RawResponse(0, {}, b"")
    head, _, body = received.partition(b"\r\n\r\n")
    return RawResponse(int(head.split(b" ", 2)[1]), _headers(head), body)
