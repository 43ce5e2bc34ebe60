"""HTTP/2 floods and smuggled requests: refused, and other clients are not affected."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import cache

from h2.errors import ErrorCodes
from hyperframe.frame import ContinuationFrame, Frame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.load import Clients, load
from tests.faults.own_gateway import OwnGateway, own_gateway
from tests.faults.people import newcomer
from tests.faults.raw_http import answer_to, request
from tests.faults.stage import Stage
from tests.faults.worker_process import worker_process
from tests.running.http2_client import http2_connected

# ":method: GET", ":scheme: http", ":path: /" from HPACK's static table (RFC 7541, A), and ":authority: a".
_BLOCK = b"\x82\x86\x84\x41\x01a"
_FLOOD = 10_000
_ATTACKER = "127.0.1.1"
_AT_ONCE = 200
_PAUSE_S = 0.1
_CHUNKED = b"Transfer-Encoding: chunked"


def _rapid_reset(number: int) -> list[Frame]:
    stream_id = 2 * number + 1
    begun = HeadersFrame(stream_id, data=_BLOCK, flags=["END_HEADERS", "END_STREAM"])
    return [begun, RstStreamFrame(stream_id, error_code=ErrorCodes.CANCEL)]


def _continuation(number: int) -> list[Frame]:
    if number == 0:
        return [HeadersFrame(1, data=_BLOCK, flags=["END_STREAM"])]
    return [ContinuationFrame(1, data=b"\x00\x01a\x01b")]


_FLOODS: dict[str, Callable[[int], list[Frame]]] = {
    "rapid reset": _rapid_reset,
    "CONTINUATION": _continuation,
    "PING": lambda _: [PingFrame(0, opaque_data=b"12345678")],
    "SETTINGS": lambda _: [SettingsFrame(0, settings={})],
}
_RAW = {
    "CONNECT": ([request(b"CONNECT", b"elsewhere:443")], "501 NOT_IMPLEMENTED"),
    "CL + TE": (
        [request(b"POST", b"/api/users/log", b"Content-Length: 5", _CHUNKED, body=b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n")],
        "400 MALFORMED_REQUEST",
    ),
    "TE that is odd": ([request(b"POST", b"/api/users/log", _CHUNKED + b", x")], "501 NOT_IMPLEMENTED"),
}


def run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    with own_gateway(stack) as gateway:
        return asyncio.run(_run(stage, gateway, stack.url))


async def _run(stage: Stage, gateway: OwnGateway, url: str) -> list[Finding]:
    person = await newcomer(url)
    normal = Clients("normal", person.get("/api/orders"), count=4, pause_s=0.02)
    async with worker_process(__name__) as attacker:
        await attacker.run(_all_pieces)
        async with load(gateway.url, normal) as quiet:
            await asyncio.sleep(stage.either(5.0, 2.0))
        before = gateway.rss_bytes
        async with load(gateway.url, normal) as record:
            ended = await attacker.run(_flood, gateway.port, stage.either(20, 5))
            connect = await _connect_over_http2(gateway.port)
            raw = {name: await answer_to(gateway.port, pieces) for name, (pieces, _) in _RAW.items()}
    return [
        *(_cut_off(name, codes) for name, codes in ended.items()),
        counted("status of CONNECT over HTTP/2", connect, 501),
        *(Finding(name, outcome, str(raw[name]), str(raw[name]) == outcome) for name, (_, outcome) in _RAW.items()),
        counted("normal requests that failed", len(record.failures)),
        at_least("normal requests meanwhile", len(record.seen), 10),
        at_most("their p99", record.percentile_s(0.99) / quiet.percentile_s(0.99), 2, "×", clock=True),
        at_most("memory growth", (gateway.rss_bytes - before) / 2**20, 16, " MiB"),
    ]


def _flood(port: int, times: int) -> dict[str, list[int]]:
    """Returns the GOAWAY code that each connection receives, by flood; -1 if it ended without one."""
    floods = _all_pieces().items()
    return {name: [asyncio.run(_ended_by(port, pieces)) for _ in range(times)] for name, pieces in floods}


@cache
def _all_pieces() -> dict[str, list[bytes]]:
    """Builds the floods in advance, so that only their cost for the gateway is measured."""
    return {name: _pieces(flood) for name, flood in _FLOODS.items()}


def _pieces(flood: Callable[[int], list[Frame]]) -> list[bytes]:
    frames = [b"".join(frame.serialize() for frame in flood(number)) for number in range(_FLOOD)]
    return [b"".join(frames[start : start + _AT_ONCE]) for start in range(0, _FLOOD, _AT_ONCE)]


async def _ended_by(port: int, pieces: list[bytes]) -> int:
    await asyncio.sleep(_PAUSE_S)
    async with http2_connected(port, source=_ATTACKER) as client:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.writer.write(piece)
                await client.writer.drain()
                await asyncio.sleep(0)
                if client.closed or client.goaways:
                    break
        await client.until_ended()
        return client.goaways[0][0] if client.goaways else -1


def _cut_off(name: str, codes: list[int]) -> Finding:
    good = {ErrorCodes.ENHANCE_YOUR_CALM, ErrorCodes.PROTOCOL_ERROR, -1}
    others = [code for code in codes if code not in good]
    return Finding(f"{name}: connections ended for another reason", "none", str(others or "none"), not others)


async def _connect_over_http2(port: int) -> int:
    async with http2_connected(port) as client:
        stream_id = client.start_with([(b":method", b"CONNECT"), (b":authority", b"elsewhere:443")], 1)
        return (await client.reply(stream_id)).status


DRILL = Drill(
    25,
    "HTTP/2 rapid reset, CONTINUATION flood, CONNECT, two lengths",
    "refused; other clients at most twice as slow",
    run,
)
