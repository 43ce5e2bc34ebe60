"""Where a drill is played: platforms of real processes, and hands to break them with."""

import os
import signal
from collections.abc import Callable, Mapping
from typing import TypeVar

import psutil

from tests.running.stacks import Stack, local_stack

T = TypeVar("T")
StartStack = Callable[[Mapping[str, str], Mapping[str, int]], Stack]


class Stage:
    """Platforms by their settings, started when they are first asked for, and shared by all rows of a run.

    long: whether there is time for the long form. start: starts a platform, which somebody else stops.
    """

    def __init__(self, start: StartStack, *, long: bool) -> None:
        self.long = long
        self._start = start
        self._stacks: dict[str, Stack] = {}

    def stack(self, environ: Mapping[str, str] | None = None, replicas: Mapping[str, int] | None = None) -> Stack:
        """The platform with these settings and replicas; a row leaves it as it has found it: whole."""
        wanted = (dict(environ or {}), dict(replicas or {}))
        key = repr([sorted(part.items()) for part in wanted])
        if key not in self._stacks:
            self._stacks[key] = self._start(*wanted)
        return self._stacks[key]

    def either(self, long: T, short: T) -> T:
        """A number for the long form, or for the short one."""
        return long if self.long else short


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


def restart(stack: Stack, name: str) -> None:
    """`just restart NAME`: also brings back what was killed. Returns once it is ready."""
    done = local_stack("restart", "--data-dir", str(stack.data_dir), name, **stack.environ)
    assert done.returncode == 0, done.stdout
