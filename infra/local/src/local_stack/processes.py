"""Starts, recognises and stops the processes of a stack."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from local_stack.account import Account
from local_stack.errors import ProcessFailedError

#: An environment variable that names the stack and the process: a process id alone may have been reused.
MARKER = "HEADRACE_LOCAL_STACK"
_POLL_S = 0.02
#: About 30 ms of polling; a program with an empty environment never shows one.
_ENVIRONMENT_LOOKS = 1000


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one process.

    fds: file descriptors that it inherits under the same numbers. stdin: a file to read from; empty by default.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path
    account: Account | None = None
    fds: tuple[int, ...] = ()
    stdin: Path = Path(os.devnull)


def marker(root: Path, name: str) -> str:
    """Returns the value of MARKER for the process ``name`` of the stack in ``root``."""
    return f"{root}:{name}"


def start(launch: Launch) -> subprocess.Popen[bytes]:
    """Starts a process in its own session: it survives its parent, and a terminal's Ctrl-C does not reach it.

    Raises:
        ProcessFailedError: the program is missing or may not be executed.
    """
    account = launch.account
    with launch.stdin.open("rb") as stdin, open(launch.log, "ab", opener=_private) as log:
        try:
            child = subprocess.Popen(
                launch.argv,
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=launch.environ,
                start_new_session=True,
                pass_fds=launch.fds,
                cwd="/" if account else None,  # the account may have no access to our working directory
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=() if account else None,
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise ProcessFailedError(launch.name, f"{launch.argv[0]} cannot be run: {exc}", launch.log) from exc
    _await_environment(child)
    return child


def _private(path: str, flags: int) -> int:
    """Opens a log so that no other account can read it."""
    return os.open(path, flags, 0o600)


def _await_environment(child: subprocess.Popen[bytes]) -> None:
    """Returns once the system shows the environment of ``child``, by which it is recognised.

    Right after the exec, the system shows an empty one for a moment.
    """
    with suppress(psutil.Error):
        process = psutil.Process(child.pid)
        for _ in range(_ENVIRONMENT_LOOKS):
            if child.poll() is not None or process.environ():
                return
            os.sched_yield()


def is_running(pid: int, expected_marker: str) -> bool:
    """Returns whether ``pid`` is still the process that was started with that marker, not another one with its id."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get(MARKER) == expected_marker
    except psutil.AccessDenied:
        # Root without the ptrace capability (a default container) may not read the environment of processes of
        # PostgreSQL's account; only our PostgreSQL runs under it.
        return os.geteuid() == 0 and _name(pid) == "postgres"
    except psutil.Error:
        return False


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""


async def stop(pid: int, expected_marker: str, *, by: signal.Signals, within_s: float) -> bool:
    """Stops a process with the signal ``by``, and kills it after ``within_s`` seconds.

    Returns:
        Whether it exited without being killed.
    """
    if not is_running(pid, expected_marker):
        return True
    _send(pid, by)
    try:
        async with asyncio.timeout(within_s):
            await _wait_until_ended(pid, expected_marker)
    except TimeoutError:
        _send(pid, signal.SIGKILL)
        await _wait_until_ended(pid, expected_marker)
        return False
    return True


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it exited between the check and the signal
        os.kill(pid, number)


def environ_of(pid: int) -> dict[str, str]:
    """Returns the environment that the process was started with; empty if it may not be read."""
    try:
        return psutil.Process(pid).environ()
    except psutil.Error:
        return {}


async def _wait_until_ended(pid: int, expected_marker: str) -> None:
    while is_running(pid, expected_marker):
        await asyncio.sleep(_POLL_S)


def describe_exit(code: int) -> str:
    """Returns how a process ended, in words: ``code`` is as subprocess gives it, negative for a signal."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exited with code {code}"
