"""The threads of the process and their stacks."""

import sys
import threading
import time
from dataclasses import dataclass

from service_kit.profiling.profile import Frame, Profile, Sample, ValueType
from service_kit.profiling.stacks import FrameNames, stack_of

_TYPE = ValueType("threads", "count")


@dataclass(frozen=True, slots=True)
class ThreadState:
    """One thread. native_id: the operating system's id. stack: innermost first."""

    name: str
    native_id: int
    stack: tuple[Frame, ...]


def thread_states() -> list[ThreadState]:
    """Returns all threads that Python knows of."""
    names = FrameNames()
    frames = sys._current_frames()  # noqa: SLF001 (its documented name)
    return [
        ThreadState(thread.name, thread.native_id or 0, names.frames(stack_of(frames.get(thread.ident or 0))))
        for thread in threading.enumerate()
    ]


def threads_profile(states: list[ThreadState]) -> Profile:
    """Returns the threads by stack and name."""
    samples = [Sample(state.stack, (1,), (("thread", state.name),)) for state in states]
    return Profile("threads", (_TYPE,), samples, time.time_ns(), period_type=_TYPE, period=1)
