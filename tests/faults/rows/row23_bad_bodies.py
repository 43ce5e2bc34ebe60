"""Requests that are too large, have a false length, or are not JSON: refused early, without lasting cost."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_most, counted
from tests.faults.own_gateway import OwnGateway, own_gateway
from tests.faults.people import newcomer
from tests.faults.raw_http import RawAnswer, answer_to, request
from tests.faults.stage import Stage

_MIB = 1024 * 1024
_CAP = _MIB
_LARGE = 64 * _MIB
_PATH = b"/api/orders/add"
_JSON = b"Content-Type: application/json"
_CHUNKED = b"Transfer-Encoding: chunked"
_PIECE = b" " * 65536


@dataclass(frozen=True, slots=True)
class _Case:
    """A malformed request. pieces: its bytes, for a token. outcome: the required response."""

    pieces: Callable[[str], Iterable[bytes]]
    outcome: str


def run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    with own_gateway(stack) as gateway:
        return asyncio.run(_run(gateway, stack.url, warm_up=stage.either(30, 12), rounds=stage.either(30, 4)))


async def _run(gateway: OwnGateway, url: str, *, warm_up: int, rounds: int) -> list[Finding]:
    token = (await newcomer(url)).token
    outcomes = {name: await answer_to(gateway.port, case.pieces(token)) for name, case in _CASES.items()}
    wrong = {name: str(outcome) for name, outcome in outcomes.items() if str(outcome) != _CASES[name].outcome}
    # The process keeps what the first requests of each kind loaded and allocated; further ones must add nothing. Memory
    # is released shortly after a response: the maximum counts, not the minimum.
    before = 0
    for _ in range(warm_up):
        for case in _CASES.values():
            await answer_to(gateway.port, case.pieces(token))
            before = max(before, gateway.rss_bytes)
    most, answers = before, list[RawAnswer]()
    for _ in range(rounds):
        for case in _CASES.values():
            asking = asyncio.create_task(answer_to(gateway.port, case.pieces(token)))
            while not (await asyncio.wait({asking}, timeout=0.02))[0]:
                most = max(most, gateway.rss_bytes)
            answers.append(await asking)
            most = max(most, gateway.rss_bytes)
    return [
        Finding("responses other than expected", "none", str(wrong or "none"), not wrong),
        counted("responses 5xx", sum(answer.status >= 500 for answer in answers)),
        counted("no response", sum(answer.status == 0 for answer in answers)),
        at_most("memory growth", (most - before) / _MIB, 2 * _CAP / _MIB, " MiB"),
    ]


def _post(*fields: bytes, body: Iterable[bytes] = ()) -> Callable[[str], Iterator[bytes]]:
    return lambda token: itertools.chain([request(b"POST", _PATH, _JSON, *fields, token=token)], body)


def _json(body: bytes) -> Callable[[str], Iterator[bytes]]:
    return _post(b"Content-Length: %d" % len(body), body=[body])


@dataclass(frozen=True, slots=True)
class _Large:
    """Yields one piece repeatedly."""

    piece: bytes

    def __iter__(self) -> Iterator[bytes]:
        return itertools.repeat(self.piece, _LARGE // len(_PIECE))


_CASES = {
    "announced too large": _Case(_post(b"Content-Length: %d" % _LARGE), "413 BODY_TOO_LARGE"),
    "too large": _Case(_post(b"Content-Length: %d" % _LARGE, body=_Large(_PIECE)), "413 BODY_TOO_LARGE"),
    "too many chunks": _Case(_post(_CHUNKED, body=_Large(b"10000\r\n" + _PIECE + b"\r\n")), "413 BODY_TOO_LARGE"),
    "a length that no number holds": _Case(_post(b"Content-Length: " + b"9" * 40), "400 MALFORMED_REQUEST"),
    "two lengths": _Case(_post(b"Content-Length: 2", b"Content-Length: 3", body=[b"{} "]), "400 MALFORMED_REQUEST"),
    "length and chunks": _Case(_post(b"Content-Length: 2", _CHUNKED, body=[b"0\r\n\r\n"]), "400 MALFORMED_REQUEST"),
    "more than announced": _Case(_post(b"Content-Length: 2", body=[b"{}" * 1000]), "400 INVALID_REQUEST"),
    "gzip": _Case(_post(b"Content-Encoding: gzip", b"Content-Length: 2", body=[b"{}"]), "415 UNSUPPORTED_MEDIA_TYPE"),
    "400 header fields": _Case(_post(*[b"X-%d: 1" % number for number in range(400)]), "431 HEADERS_TOO_LARGE"),
    "a large header field": _Case(_post(b"X-Large: " + b"x" * 20_000), "431 HEADERS_TOO_LARGE"),
    "a megabyte of header fields": _Case(_post(*[b"X: " + b"x" * 1000] * 1024), "431 HEADERS_TOO_LARGE"),
    "no JSON": _Case(_json(b'{"currency": '), "400 INVALID_REQUEST"),
    "nesting": _Case(_json(b"[" * 50_000 + b"]" * 50_000), "400 INVALID_REQUEST"),
    "nested objects": _Case(_json(b'{"a":' * 15_000 + b"1" + b"}" * 15_000), "400 INVALID_REQUEST"),
    "a number of 100 000 digits": _Case(_json(b'{"currency": ' + b"9" * 100_000 + b"}"), "400 INVALID_REQUEST"),
}

DRILL = Drill(
    23,
    "oversize bodies, wrong lengths, gzip, header floods, malformed and nested JSON",
    "413, 400, 415 or 431 early, never 500",
    run,
)
