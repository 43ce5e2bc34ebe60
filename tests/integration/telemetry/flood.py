"""Thousands of different requests, sent as fast as one client can."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import grpc

from tests.examples.forgeries import Signer

#: A part of every made-up id, path and method.
MADE_UP = "5eed"
_CONNECTIONS = 4
#: Requests that are sent before a response is read.
_AHEAD = 50
_SERVICE = "order.v1.OrderService"
_TIMEOUT_S = 10
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Flood:
    """Generates requests with different made-up values. signer: has the platform's signing key."""

    signer: Signer

    async def send(self, url: str, numbers: Sequence[int]) -> Counter[int]:
        """Sends the requests with these numbers, and returns the number of responses by status."""
        parts = (self._send_over_one(url, numbers[begin::_CONNECTIONS]) for begin in range(_CONNECTIONS))
        return sum(await asyncio.gather(*parts), Counter[int]())

    async def send_methods(self, url: str, numbers: Sequence[int]) -> Counter[int]:
        """Does the same with made-up methods, after each of which the server closes the connection."""
        statuses = Counter[int]()
        for number in numbers:
            request = _request(f"{MADE_UP.upper()}{number}", "/api/v1/orders", _made_up(number))
            statuses += await _answers(url, [request])
        return statuses

    async def call_methods(self, target: str, numbers: Sequence[int]) -> Counter[str]:
        """Calls made-up gRPC methods of a service, and returns the number of responses by status."""
        statuses = Counter[str]()
        async with grpc.aio.insecure_channel(target) as channel:
            for number in numbers:
                call = channel.unary_unary(f"/{_SERVICE}/{MADE_UP}{number}")
                try:
                    await call(b"", metadata=(("x-request-id", _made_up(number)),), timeout=_TIMEOUT_S)
                except grpc.RpcError as error:
                    statuses[error.code().name] += 1
        return statuses

    async def _send_over_one(self, url: str, numbers: Sequence[int]) -> Counter[int]:
        return await _answers(url, [self._request(number) for number in numbers])

    def _request(self, number: int) -> bytes:
        made_up = _made_up(number)
        token = self.signer.mint(claims={"sub": made_up, "sid": f"{MADE_UP}{number}", "jti": made_up})
        method, target = (
            ("GET", f"/api/v1/orders/{made_up}"),
            ("GET", f"/api/v1/orders?user_id={made_up}&page_token={made_up}"),
            ("DELETE", f"/api/v1/sessions/{made_up}"),
            ("GET", f"/{made_up}/{MADE_UP}?{made_up}={made_up}"),
            ("GET", f"/docs/{made_up}"),
            ("PATCH", f"/api/v1/users/me/{made_up}"),
        )[number % 6]
        return _request(method, target, made_up, f"Authorization: Bearer {token}")


def _made_up(number: int) -> str:
    return f"{number:08x}-{MADE_UP}-7000-8000-{number:012x}"


def _request(method: str, target: str, made_up: str, *headers: str) -> bytes:
    about = (f"Host: {made_up}.example", f"User-Agent: {made_up}", f"X-Request-Id: {made_up}", *headers)
    return ("\r\n".join((f"{method} {target} HTTP/1.1", *about)) + "\r\n\r\n").encode()


async def _answers(url: str, requests: Sequence[bytes]) -> Counter[int]:
    """Sends all requests over one connection, and returns the statuses of the responses."""
    place, statuses = urlsplit(url), Counter[int]()
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        for begin in range(0, len(requests), _AHEAD):
            ahead = requests[begin : begin + _AHEAD]
            writer.write(b"".join(ahead))
            answered = b""
            while len(came := _STATUS.findall(answered)) < len(ahead):
                answered += (more := await reader.read(65536))
                assert more, f"the connection ended after {answered[-500:]!r}"
            statuses.update(map(int, came))
    finally:
        writer.close()
    return statuses
