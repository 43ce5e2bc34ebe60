"""The port of profiles, over real connections."""

import asyncio
import json
import signal
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from service_kit.profiling import PprofServer
from service_kit.runtime.release import Release

from tests.unit.service_kit.profiling.profile_proto import ReadProfile


@dataclass
class Running:
    server: PprofServer
    client: httpx2.AsyncClient

    async def get(self, page: str, **headers: str) -> httpx2.Response:
        return await self.client.get(f"/debug/pprof/{page}", headers=headers)


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    server = PprofServer(hosts=("127.0.0.1",), port=port, release=Release("demo", "1.2"))
    async with server, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        yield Running(server, client)


def is_measuring() -> bool:
    return signal.getitimer(signal.ITIMER_PROF)[1] > 0 or tracemalloc.is_tracing()


async def until_measuring(wanted: bool) -> None:
    async with asyncio.timeout(10):
        while is_measuring() != wanted:  # noqa: ASYNC110 - neither a timer nor tracemalloc tells anybody
            await asyncio.sleep(0.01)


async def test_the_index_lists_what_there_is_and_all_of_it_is_there(running: Running) -> None:
    index = await running.get("")
    assert index.headers["content-type"].startswith("text/html")
    for page in ("heap", "goroutine", "threadcreate", "cmdline", "symbol"):
        assert f'<a href="{page}">' in index.text
        assert (await running.get(page)).status_code == 200
    assert (await running.client.get("/debug/pprof")).headers["location"] == "/debug/pprof/"
    assert (await running.client.get("/")).headers["location"] == "/debug/pprof/"


async def test_a_cpu_profile_in_each_format(running: Running) -> None:
    answer = await running.get("profile?seconds=1")
    assert ReadProfile(answer.content).types == [("samples", "count"), ("cpu", "nanoseconds")]
    assert answer.headers["content-disposition"] == 'attachment; filename="demo-profile.pb.gz"'
    svg = await running.get("profile?seconds=1&format=svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.text.startswith("<svg")
    assert json.loads((await running.get("profile?seconds=1&format=speedscope")).text)["exporter"] == "headrace"


async def test_tasks_threads_and_objects(running: Running) -> None:
    tasks = ReadProfile((await running.get("goroutine")).content)
    assert tasks.types == [("tasks", "count")]
    assert any(frame[0].endswith("EventWrapper.wait") for stack, *_ in tasks.samples() for frame in stack)
    assert 'task "pprof-server" [' in (await running.get("goroutine?debug=2")).text
    assert "asyncio tasks: " in (await running.get("goroutine?debug=1")).text
    threads = ReadProfile((await running.get("threadcreate")).content)
    assert threading.main_thread().name in threads.totals_by("thread")
    assert f'thread "{threading.main_thread().name}" ' in (await running.get("threadcreate?debug=2")).text
    objects = ReadProfile((await running.get("heap?gc=1")).content)
    assert ("builtins.dict", "", 0, 0) in [frame for stack, *_ in objects.samples() for frame in stack]
    allocations = ReadProfile((await running.get("heap?seconds=1")).content)
    assert allocations.types == [("inuse_objects", "count"), ("inuse_space", "bytes")]


@pytest.mark.parametrize(
    "page",
    [
        "profile?seconds=0", "profile?seconds=301", "profile?seconds=-1", "profile?seconds=1.5", "profile?seconds=",
        "profile?seconds=99999999999999999999", "profile?seconds=1&hz=251", "heap?seconds=301", "heap?gc=2",
        "goroutine?debug=3", "goroutine?format=dot",
    ],
)  # fmt: skip
async def test_a_query_that_is_out_of_bounds(running: Running, page: str) -> None:
    answer = await running.get(page)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


async def test_what_there_is_not(running: Running) -> None:
    assert (await running.get("mutex")).status_code == 404
    assert (await running.client.post("/debug/pprof/profile")).status_code == 405


async def test_one_at_a_time(running: Running) -> None:
    first = asyncio.create_task(running.get("profile?seconds=2"))
    await until_measuring(True)
    for page in ("profile?seconds=1", "heap?seconds=1"):
        refused = await running.get(page)
        assert refused.status_code == 409
        assert refused.text.startswith("A CPU profile runs already, for another ")
        assert int(refused.headers["retry-after"]) in {1, 2}
    assert (await running.get("goroutine")).status_code == 200
    assert (await first).status_code == 200
    assert (await running.get("profile?seconds=1")).status_code == 200


async def test_a_client_that_leaves_ends_it(running: Running) -> None:
    for page in ("profile?seconds=300", "heap?seconds=300"):
        asking = asyncio.create_task(running.get(page))
        await until_measuring(True)
        asking.cancel()
        await asyncio.wait([asking])
        await until_measuring(False)
    assert (await running.get("heap?seconds=1")).status_code == 200


async def test_a_drain_ends_it_with_what_there_is_and_takes_no_more(running: Running) -> None:
    asking = asyncio.create_task(running.get("profile?seconds=300"))
    await until_measuring(True)
    async with asyncio.timeout(5):
        await running.server.drain(10)
        answer = await asking
    assert ReadProfile(answer.content).raw.duration_nanos < 5e9
    assert (await running.get("profile?seconds=1")).status_code == 503
    assert (await running.get("goroutine?debug=2")).status_code == 200


async def test_other_sites_pages_and_names_get_nothing(running: Running) -> None:
    assert (await running.get("", Host="rebound.example")).status_code == 403
    assert (await running.get("profile", **{"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def test_a_name_in_a_profile_cannot_do_anything_in_a_browser(running: Running) -> None:
    for page in ("", "heap?format=svg"):
        answer = await running.get(page)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_while_nobody_asks_there_is_no_thread_no_timer_and_no_hook(running: Running) -> None:
    before = {thread.name for thread in threading.enumerate()}
    for page in ("profile?seconds=1", "heap?seconds=1", "heap", "goroutine", "threadcreate"):
        assert (await running.get(page)).status_code == 200
    assert {thread.name for thread in threading.enumerate()} <= before
    assert not is_measuring()


async def test_with_port_0_it_does_not_listen() -> None:
    before = {task.get_name() for task in asyncio.all_tasks()}
    async with PprofServer(hosts=("127.0.0.1",), port=0, release=Release("demo", "1.2")) as server:
        assert {task.get_name() for task in asyncio.all_tasks()} == before
        await server.drain(1)
