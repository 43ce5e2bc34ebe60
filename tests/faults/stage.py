"""The stage of a drill: platforms of real processes, and functions that break them."""

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

#: Platforms at the same time; each takes about 400 MiB, and some processor time even when idle.
_MOST_STACKS = 3


class Stage:
    """Platforms by their settings, started on demand, shared by all rows of a run, and ended with the stage.

    long: play the long forms. start: starts a platform for the time of its context. is_ready: whether a whole platform
    is ready; None to ask its processes.
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
        """Returns the platform with these settings and replicas; a row must leave it complete and running.

        Data of earlier rows are still there. A platform that is not ready any more is replaced. At the fourth platform,
        the least recently used one is ended.
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
        """Returns the value for the form that is played."""
        return long if self.long else short


def _is_ready(stack: Stack) -> bool:
    # In a thread, because the caller may run in an event loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        rows = thread.submit(asyncio.run, status.gather(DataDir(stack.data_dir))).result()
    return bool(rows) and all(row.ready for row in rows)


def pid_of(stack: Stack, name: str) -> int:
    """Returns the current process id of a process of the platform, from state.json."""
    return int(stack.services[name]["pid"])


def send(stack: Stack, name: str, number: signal.Signals) -> int:
    """Sends a signal to a process of the platform, and returns its process id."""
    pid = pid_of(stack, name)
    os.kill(pid, number)
    return pid


def kill(stack: Stack, name: str) -> None:
    """Kills a process with SIGKILL, and waits until it has exited."""
    gone(send(stack, name, signal.SIGKILL))


def gone(pid: int, within_s: float = 30) -> None:
    """Waits until a process has exited.

    Raises:
        AssertionError: it still runs.
    """
    try:
        psutil.Process(pid).wait(within_s)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired as exc:
        raise AssertionError(f"process {pid} is still there after {within_s} s") from exc


def restart(stack: Stack, *names: str) -> None:
    """Runs `just restart NAME`, which also starts killed processes, and returns once all are ready.

    A service's name stands for all of its processes; NAME-1, NAME-2 … is one. Blocks: in an event loop, use a thread.
    """
    done = local_stack("restart", "--data-dir", str(stack.data_dir), *names, **stack.environ)
    assert done.returncode == 0, done.stdout


async def accepts_at(stack: Stack, name: str, *, within_s: float) -> float:
    """Returns when a process of the platform first accepts a connection, in seconds of time.monotonic().

    Raises:
        AssertionError: it did not within ``within_s``.
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
