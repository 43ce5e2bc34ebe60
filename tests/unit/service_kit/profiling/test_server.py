"""The profiling port, over real connections."""

import asyncio
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
        while is_measuring() != wanted:  # noqa: ASYNC110 - neither a timer nor tracemalloc can be awaited
            await asyncio.sleep(0.01)


async def test_index_lists_pages_that_all_exist(running: Running) -> None:
    index = await running.get("")
    assert index.headers["content-type"].startswith("text/html")
    for page in ("heap", "goroutine", "threadcreate", "cmdline", "symbol"):
        assert f'<a href="{page}">' in index.text
        assert (await running.get(page)).status_code == 200
    assert (await running.client.get("/debug/pprof")).headers["location"] == "/debug/pprof/"
    assert (await running.client.get("/")).headers["location"] == "/debug/pprof/"


async def test_cpu_profile_is_served_in_each_format(running: Running) -> None:
    answer = await running.get("profile?seconds=1")
    assert ReadProfile(answer.content).types == [("samples", "count"), ("cpu", "nanoseconds")]
    assert answer.headers["content-disposition"] == 'attachment; filename="demo-profile.pb.gz"'
    svg = await running.get("profile?seconds=1&format=svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.text.startswith("<svg")


async def test_tasks_threads_and_objects_are_served(running: Running) -> None:
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
async def test_query_parameter_out_of_bounds_is_refused(running: Running, page: str) -> None:
    answer = await running.get(page)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


async def test_unknown_page_and_method_are_refused(running: Running) -> None:
    assert (await running.get("mutex")).status_code == 404
    assert (await running.client.post("/debug/pprof/profile")).status_code == 405


async def test_second_measurement_is_refused_while_one_runs(running: Running) -> None:
    first = asyncio.create_task(running.get("profile?seconds=2"))
    await until_measuring(True)
    for page in ("profile?seconds=1", "heap?seconds=1"):
        refused = await running.get(page)
        assert refused.status_code == 409
        assert refused.text.startswith("A CPU profile is running, for another ")
        assert int(refused.headers["retry-after"]) in {1, 2}
    assert (await running.get("goroutine")).status_code == 200
    assert (await first).status_code == 200
    assert (await running.get("profile?seconds=1")).status_code == 200


async def test_measurement_ends_when_the_client_disconnects(running: Running) -> None:
    for page in ("profile?seconds=300", "heap?seconds=300"):
        asking = asyncio.create_task(running.get(page))
        await until_measuring(True)
        asking.cancel()
        await asyncio.wait([asking])
        await until_measuring(False)
    assert (await running.get("heap?seconds=1")).status_code == 200


async def test_drain_ends_a_measurement_with_its_results_and_refuses_further_ones(running: Running) -> None:
    asking = asyncio.create_task(running.get("profile?seconds=300"))
    await until_measuring(True)
    async with asyncio.timeout(5):
        await running.server.drain(10)
        answer = await asking
    assert ReadProfile(answer.content).raw.duration_nanos < 5e9
    assert (await running.get("profile?seconds=1")).status_code == 503
    assert (await running.get("goroutine?debug=2")).status_code == 200


async def test_requests_from_other_sites_are_refused(running: Running) -> None:
    assert (await running.get("", Host="rebound.example")).status_code == 403
    assert (await running.get("profile", **{"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def test_pages_forbid_scripts_to_the_browser(running: Running) -> None:
    for page in ("", "heap?format=svg"):
        answer = await running.get(page)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_no_thread_timer_or_hook_is_left_between_requests(running: Running) -> None:
    before = {thread.name for thread in threading.enumerate()}
    for page in ("profile?seconds=1", "heap?seconds=1", "heap", "goroutine", "threadcreate"):
        assert (await running.get(page)).status_code == 200
    assert {thread.name for thread in threading.enumerate()} <= before
    assert not is_measuring()


async def test_port_0_opens_no_port() -> None:
    before = {task.get_name() for task in asyncio.all_tasks()}
    async with PprofServer(hosts=("127.0.0.1",), port=0, release=Release("demo", "1.2")) as server:
        assert {task.get_name() for task in asyncio.all_tasks()} == before
        await server.drain(1)
