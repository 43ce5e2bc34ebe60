"""Where a drill is played: platforms of real processes, and hands to break them with."""

import asyncio
import os
import signal
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TypeVar
from urllib.parse import urlsplit

import psutil
from local_stack import status
from local_stack.data_dir import DataDir

from tests.running.polling import in_time
from tests.running.stacks import Stack, local_stack, running_stack

T = TypeVar("T")
StartStack = Callable[[Mapping[str, str], Mapping[str, int]], AbstractContextManager[Stack]]

#: Kept at once; each takes some 400 MiB, and a little of the processor even when it is idle.
_MOST_STACKS = 3


class Stage:
    """Platforms by their settings, started when they are first asked for, and shared by all rows of a run.

    long: whether there is time for the long form. start: gives a platform, for as long as its context lasts. All of
    them end when the stage is left. is_ready: whether all of it is; None for asking its processes.
    """

    def __init__(
        self, *, long: bool, start: StartStack = running_stack, is_ready: Callable[[Stack], bool] | None = None
    ) -> None:
        self.long = long
        self._start = start
        self._is_ready = is_ready or _is_ready
        self._stacks: OrderedDict[str, tuple[Stack, ExitStack]] = OrderedDict()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as ends:
            for _, end in self._stacks.values():
                ends.push(end)
            self._stacks.clear()

    def stack(self, environ: Mapping[str, str] | None = None, replicas: Mapping[str, int] | None = None) -> Stack:
        """The platform with these settings and replicas; a row leaves it as it has found it: whole.

        What rows before have put into it is still there. One that is not ready any more is replaced. One that was not
        asked for when three others were is ended.
        """
        wanted = (dict(environ or {}), dict(replicas or {}))
        key = repr([sorted(part.items()) for part in wanted])
        if key in self._stacks and not self._is_ready(self._stacks[key][0]):
            self._end(key)
        if key not in self._stacks:
            while len(self._stacks) >= _MOST_STACKS:
                self._end(next(iter(self._stacks)))
            end = ExitStack()
            self._stacks[key] = (end.enter_context(self._start(*wanted)), end)
        self._stacks.move_to_end(key)
        return self._stacks[key][0]

    def _end(self, key: str) -> None:
        _, end = self._stacks.pop(key)
        end.close()

    def either(self, long: T, short: T) -> T:
        """A number for the long form, or for the short one."""
        return long if self.long else short


def _is_ready(stack: Stack) -> bool:
    # A thread of its own, for whoever is in an event loop already.
    with ThreadPoolExecutor(max_workers=1) as thread:
        rows = thread.submit(asyncio.run, status.gather(DataDir(stack.data_dir))).result()
    return bool(rows) and all(row.ready for row in rows)


def pid_of(stack: Stack, name: str) -> int:
    """The process id of a part of the platform, as state.json has it now."""
    return int(stack.services[name]["pid"])


def send(stack: Stack, name: str, number: signal.Signals) -> int:
    """Send a signal to a part of the platform; its process id."""
    pid = pid_of(stack, name)
    os.kill(pid, number)
    return pid


def kill(stack: Stack, name: str) -> None:
    """Kill -9, and wait until the process is gone."""
    gone(send(stack, name, signal.SIGKILL))


def gone(pid: int, within_s: float = 30) -> None:
    """Wait until a process is gone. AssertionError: it is still there."""
    try:
        psutil.Process(pid).wait(within_s)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired as exc:
        raise AssertionError(f"process {pid} is still there after {within_s} s") from exc


def restart(stack: Stack, *names: str) -> None:
    """`just restart NAME`: also brings back what was killed. Returns once all are ready.

    All processes of a service by its name; NAME-1, NAME-2 … is one. It blocks: in an event loop, use a thread.
    """
    done = local_stack("restart", "--data-dir", str(stack.data_dir), *names, **stack.environ)
    assert done.returncode == 0, done.stdout


async def accepts_at(stack: Stack, name: str, *, within_s: float) -> float:
    """When a part of the platform first takes a connection, on the clock of time.monotonic(), in seconds.

    AssertionError: it did not, for so long.
    """
    place = urlsplit(str(stack.services[name]["url"]))

    async def accepts() -> float | None:
        try:
            _, writer = await asyncio.open_connection(place.hostname, place.port)
        except OSError:
            return None
        writer.close()
        return time.monotonic()

    return await in_time(accepts, within_s=within_s, every_s=0.005)
