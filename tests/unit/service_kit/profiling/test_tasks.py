"""The stacks and states of asyncio tasks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Generator
from contextlib import asynccontextmanager

from service_kit.profiling import text
from service_kit.profiling.tasks import TaskState, task_states, tasks_profile
from service_kit.request.context import enter_request

from tests.unit.service_kit.profiling.busy import request


async def innermost(gate: asyncio.Event) -> None:
    await gate.wait()


class Wrapped:
    """Awaited through `__await__`, as Hypercorn's connections are."""

    def __init__(self, gate: asyncio.Event) -> None:
        self.gate = gate

    def __await__(self) -> Generator[object, None, None]:
        return innermost(self.gate).__await__()


async def in_wrapper(gate: asyncio.Event) -> None:
    await Wrapped(gate)


async def steps(gate: asyncio.Event) -> AsyncIterator[int]:
    await innermost(gate)
    yield 1


async def in_generator(gate: asyncio.Event) -> None:
    async for _ in steps(gate):
        pass


async def of_request(gate: asyncio.Event) -> None:
    enter_request(request("/api/demo", "demo.v1.Demo/Get"))
    await innermost(gate)


async def for_another(other: Awaitable[None]) -> None:
    await other


@asynccontextmanager
async def waiting(**bodies: object) -> AsyncIterator[dict[str, TaskState]]:
    """Yields the states of tasks with these names, once each of them waits."""
    gate = asyncio.Event()
    tasks = [asyncio.create_task(body(gate), name=name) for name, body in bodies.items()]  # type: ignore[operator]
    await asyncio.sleep(0)
    yield {state.name: state for state in task_states()}
    gate.set()
    await asyncio.gather(*tasks)


def functions(state: TaskState) -> list[str]:
    return [frame.function.rpartition("test_tasks.")[2] for frame in state.stack]


async def test_task_stack_is_the_whole_chain_of_awaits_innermost_first() -> None:
    async with waiting(wrapped=in_wrapper, generated=in_generator) as states:
        assert functions(states["wrapped"]) == ["asyncio.locks.Event.wait", "innermost", "in_wrapper"]
        assert functions(states["generated"]) == ["asyncio.locks.Event.wait", "innermost", "steps", "in_generator"]
        assert states["wrapped"].state == "waiting for a Future"


async def test_task_that_waits_for_another_task_names_it() -> None:
    async with waiting(first=innermost) as _:
        first = next(task for task in asyncio.all_tasks() if task.get_name() == "first")
        second = asyncio.create_task(for_another(first), name="second")
        await asyncio.sleep(0)
        states = {state.name: state for state in task_states()}
        assert states["second"].state == 'waiting for task "first"'
    await second


async def test_current_task_is_running_and_a_new_task_waits_for_its_turn() -> None:
    new = asyncio.create_task(asyncio.sleep(0), name="new")
    states = {state.name: state.state for state in task_states()}
    assert [name for name, state in states.items() if state == "running"] == [str(asyncio.current_task().get_name())]  # type: ignore[union-attr]
    assert states["new"] == "waiting for its turn"
    await new


async def test_request_of_a_task_is_shown_as_labels_and_by_id_in_the_text() -> None:
    async with waiting(a=of_request, b=of_request, c=innermost) as states:
        profile = tasks_profile([states[name] for name in "abc"])
        labels = (("route", "/api/demo"), ("rpc", "demo.v1.Demo/Get"))
        assert [sample.labels for sample in profile.samples] == [labels, labels, ()]
        grouped = text.grouped(profile)
        assert grouped.startswith("asyncio tasks: 3\n\n2 with route=/api/demo rpc=demo.v1.Demo/Get\n")
        each = text.every_task(states.values())
        assert 'task "a" [waiting for a Future] request_id=request-1 route=/api/demo rpc=demo.v1.Demo/Get:\n' in each
