"""The admin port, over real connections."""

import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from service_kit.admin import FurtherPage, admin_server
from service_kit.http.internal_server import ONE_ANSWER
from service_kit.lifecycle.readiness import Readiness
from service_kit.logs import LogLevel
from service_kit.runtime.release import Release
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.running.polling import eventually

SETTINGS = {"DEMO_PORT": "8080", "DEMO_REDIS_URL": "********", "DEMO_PEER": "http://me:hunter2@peer:80/"}


async def say_hello(_request: Request) -> Response:
    return PlainTextResponse("hello", headers=ONE_ANSWER)


def serving(
    port: int, readiness: Readiness | None = None, further: Sequence[FurtherPage] = ()
) -> AbstractAsyncContextManager[None]:
    return admin_server(
        hosts=("127.0.0.1",),
        port=port,
        readiness=readiness or Readiness(),
        release=Release("demo", "1.2", commit="abc123"),
        settings=SETTINGS,
        log_level=LogLevel("INFO", lambda _level: None),
        further=further,
    )


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
async def readiness(port: int) -> AsyncIterator[Readiness]:
    readiness = Readiness()
    async with serving(port, readiness):
        yield readiness


async def get(
    port: int, path: str, method: str = "GET", headers: dict[str, str] | None = None, body: str = ""
) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = {"Host": "localhost", "Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n{body}".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    head, _, content = answer.partition(b"\r\n\r\n")
    status, *received = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in received), content


@pytest.mark.usefixtures("readiness")
async def test_livez_answers_with_the_loop_lag(port: int) -> None:
    status, headers, body = await get(port, "/livez")
    answer = json.loads(body)
    assert (status, answer["live"]) == (200, True)
    assert answer["loop_lag"].keys() == {"last_ms", "worst_ms", "window_s"}
    assert headers["cache-control"] == "no-store"


def ask_livez(port: int, timeout_s: float) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as probe:
        probe.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b"".join(iter(lambda: probe.recv(65536), b""))
    return answer.partition(b"\r\n\r\n")[2]


def test_blocked_loop_does_not_answer_and_shows_its_lag_afterwards(port: int) -> None:
    blocked, release = threading.Event(), threading.Event()
    loop, finished = asyncio.new_event_loop(), asyncio.Event()

    def block() -> None:
        blocked.set()
        release.wait(10)

    async def process() -> None:
        async with serving(port):
            loop.call_later(0.1, block)
            await finished.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(process(),))
    thread.start()
    try:
        assert blocked.wait(10)
        with pytest.raises(TimeoutError):
            ask_livez(port, timeout_s=0.7)
        release.set()
        # The loop was asked to come back 0.4 s after the block began, which took longer than 0.7 s.
        answer = json.loads(eventually(lambda: ask_livez(port, timeout_s=10) or None, within_s=10))
    finally:
        release.set()
        loop.call_soon_threadsafe(finished.set)
        thread.join()
        loop.close()
    assert answer["loop_lag"]["worst_ms"] > 100


async def test_readyz_shows_every_check_with_its_reason(port: int, readiness: Readiness) -> None:
    async def fails() -> None:
        raise ConnectionError("refused")

    assert (await get(port, "/readyz"))[0] == 200
    readiness.add("redis", fails)
    status, _, body = await get(port, "/readyz")
    assert status == 503
    assert json.loads(body) == {
        "ready": False,
        "checks": {"redis": {"ok": False, "reason": "ConnectionError: refused", "required": True}},
    }
    assert (await get(port, "/livez"))[0] == 200


async def test_draining_process_is_not_ready(port: int, readiness: Readiness) -> None:
    readiness.draining = True
    status, _, body = await get(port, "/readyz")
    assert (status, json.loads(body)["ready"]) == (503, False)


@pytest.mark.usefixtures("readiness")
@pytest.mark.parametrize(
    ("accepted", "content_type"),
    [
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "application/openmetrics-text"),
        ("text/plain", "text/plain"),
    ],
)
async def test_metrics_are_openmetrics_for_a_client_that_accepts_it(
    port: int, accepted: str, content_type: str
) -> None:
    _, headers, body = await get(port, "/metrics", headers={"Accept": accepted})
    assert headers["content-type"].partition(";")[0] == content_type
    assert body.endswith(b"# EOF\n") == (content_type == "application/openmetrics-text")


@pytest.mark.usefixtures("readiness")
async def test_metrics_and_version_are_served_and_unknown_paths_are_not(port: int) -> None:
    status, headers, _ = await get(port, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    about = json.loads((await get(port, "/version"))[2])
    assert (about["service"], about["version"], about["commit"]) == ("demo", "1.2", "abc123")
    assert about["python"].startswith("CPython 3.")
    assert about["uptime_s"] >= 0
    assert (await get(port, "/docs"))[0] == 404
    assert (await get(port, "/metrics", "POST"))[0] == 405


@pytest.mark.usefixtures("readiness")
async def test_index_and_404_list_every_page(port: int) -> None:
    status, _, body = await get(port, "/")
    assert status == 200
    for path in ("/livez", "/readyz", "/metrics", "/version", "/config", "/log-level"):
        assert f"GET {path} " in body.decode()
        assert (await get(port, path))[0] == 200
    assert (await get(port, "/nothing"))[2] == body


@pytest.mark.usefixtures("readiness")
async def test_config_shows_the_settings_in_force_without_secrets(port: int) -> None:
    shown = json.loads((await get(port, "/config"))[2])
    assert shown["settings"] == {**SETTINGS, "DEMO_PEER": "http://me:********@peer:80/"}
    assert shown["log_level"] == {"level": "INFO", "at_start": "INFO", "changed_at": None}


JSON = {"Content-Type": "application/json"}


@pytest.mark.usefixtures("readiness")
async def test_log_level_is_changed_and_shown(port: int) -> None:
    status, _, body = await get(port, "/log-level", "PUT", JSON, '{"level": "debug"}')
    changed = json.loads(body)
    assert (status, changed["level"], changed["at_start"]) == (200, "DEBUG", "INFO")
    assert changed["changed_at"] is not None
    assert json.loads((await get(port, "/log-level"))[2]) == changed
    assert json.loads((await get(port, "/config"))[2])["log_level"] == changed


@pytest.mark.usefixtures("readiness")
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ('{"level": "LOUD"}', JSON, 400),
        ('{"level": 10}', JSON, 400),
        ('{"level": "DEBUG", "for": "ever"}', JSON, 400),
        ("[]", JSON, 400),
        ("[" * 1000, JSON, 400),
        ("", JSON, 400),
        (" " * 1025, JSON, 413),
        ('{"level": "DEBUG"}', {}, 415),
        ('{"level": "DEBUG"}', {"Content-Type": "text/plain"}, 415),
        ('{"level": "DEBUG"}', JSON | {"Host": "rebound.example.com"}, 403),
        ('{"level": "DEBUG"}', JSON | {"Sec-Fetch-Site": "cross-site"}, 403),
        ('{"level": "DEBUG"}', JSON | {"Origin": "http://evil.example"}, 403),
    ],
)
async def test_malformed_or_cross_site_change_of_the_log_level_is_refused(
    port: int, body: str, headers: dict[str, str], status: int
) -> None:
    assert (await get(port, "/log-level", "PUT", headers, body))[0] == status
    assert json.loads((await get(port, "/log-level"))[2])["level"] == "INFO"


@pytest.mark.usefixtures("readiness")
async def test_other_sites_are_refused_settings_but_not_probes(port: int) -> None:
    named = {"Host": "rebound.example.com"}
    assert (await get(port, "/config", headers=named))[0] == 403
    assert [(await get(port, path, headers=named))[0] for path in ("/livez", "/readyz", "/metrics")] == [200] * 3


async def test_further_pages_of_a_process_are_served(port: int) -> None:
    pages = [FurtherPage("/hello", "says hello", say_hello), FurtherPage("/own", "tells", say_hello, own=True)]
    foreign = {"Sec-Fetch-Site": "cross-site"}
    async with serving(port, further=pages):
        assert b"GET /hello      says hello\nGET /own        tells\n" in (await get(port, "/"))[2]
        assert [(await get(port, path))[0] for path in ("/hello", "/own")] == [200, 200]
        assert [(await get(port, path, headers=foreign))[0] for path in ("/hello", "/own")] == [200, 403]
        assert (await get(port, "/own", "POST"))[0] == 405


async def test_port_in_use_is_named_in_the_error(port: int) -> None:
    server = serving(port)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"),
    ):
        await server.__aenter__()


async def test_server_stops_quickly_with_idle_connections_and_keeps_signal_handlers(port: int) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with serving(port):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
        _, idle = await asyncio.open_connection("127.0.0.1", port)
        _, halfway = await asyncio.open_connection("127.0.0.1", port)
        halfway.write(b"GET /livez HTTP/1.1\r\nHost: ")
        await asyncio.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    for writer in (idle, halfway):
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_port_can_be_reopened_at_once(port: int) -> None:
    for _ in range(3):
        async with serving(port):
            assert (await get(port, "/livez"))[0] == 200
