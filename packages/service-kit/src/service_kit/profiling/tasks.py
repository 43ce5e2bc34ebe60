"""What every asyncio task waits for, and where."""

import asyncio
import gc
import time
from dataclasses import dataclass
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from service_kit.profiling.profile import Frame, Profile, Sample, ValueType
from service_kit.profiling.request_labels import labels_of, request_of
from service_kit.profiling.stacks import FrameNames, RawStack
from service_kit.request.context import RequestContext

_TYPE = ValueType("tasks", "count")
#: How an awaitable names its frame, and what it awaits itself.
_LINKS = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))
_AWAITABLES = (asyncio.Future, CoroutineType, GeneratorType, AsyncGeneratorType)


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task. stack: innermost first. state: "running", or "waiting for" an awaitable."""

    name: str
    state: str
    stack: tuple[Frame, ...]
    request: RequestContext | None


def task_states() -> list[TaskState]:
    """Returns all tasks of the running event loop. Call it in the loop's thread."""
    names = FrameNames()
    return [_state(task, names) for task in sorted(asyncio.all_tasks(), key=lambda each: each.get_name())]


def tasks_profile(states: list[TaskState]) -> Profile:
    """Returns the tasks by stack and request."""
    samples = [Sample(state.stack, (1,), labels_of(state.request)) for state in states]
    return Profile("asyncio tasks", (_TYPE,), samples, time.time_ns(), period_type=_TYPE, period=1)


def _state(task: "asyncio.Task[Any]", names: FrameNames) -> TaskState:
    stack, awaited = _await_chain(task.get_coro())
    state = "running" if task is asyncio.current_task() else f"waiting for {_described(awaited)}"
    return TaskState(task.get_name(), state, names.frames(stack), request_of(task))


def _await_chain(awaited: Any) -> tuple[RawStack, Any]:
    """Returns the frames, innermost first, and the awaitable that the innermost one waits for."""
    outermost_first = []
    while awaited is not None and not isinstance(awaited, asyncio.Future):
        link = next((link for link in _LINKS if hasattr(awaited, link[0])), None)
        if link is None:
            within = _within(awaited)
            if within is None:
                break
            awaited = within
            continue
        frame, awaited = getattr(awaited, link[0]), getattr(awaited, link[1])
        if frame is not None:
            outermost_first.append((frame.f_code, frame.f_lineno or frame.f_code.co_firstlineno))
    return tuple(reversed(outermost_first)), awaited


def _within(iterator: Any) -> Any:
    """Returns the awaitable behind an iterator; only the garbage collector can see it."""
    return next((each for each in gc.get_referents(iterator) if isinstance(each, _AWAITABLES)), None)


def _described(awaited: Any) -> str:
    if isinstance(awaited, asyncio.Task):
        return f'task "{awaited.get_name()}"'
    # A task that has not begun, or is scheduled to run next, awaits nothing.
    return "its turn" if awaited is None else f"a {type(awaited).__qualname__}"
