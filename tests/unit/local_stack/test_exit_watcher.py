"""Exits of processes are detected, and told apart from restarts and stops by a command."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local_stack import state
from local_stack.data_dir import DataDir
from local_stack.exit_watcher import ExitWatcher
from local_stack.processes import MARKER, Launch, marker, start

StartProcess = Callable[[str], subprocess.Popen[bytes]]
_IDLE = "import signal; signal.pause()"


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path)
    data.lock.touch()
    return data


@pytest.fixture
def start_process(data: DataDir) -> Iterator[StartProcess]:
    """Starts a process of the stack that does nothing."""
    started = []

    def start_one(name: str) -> subprocess.Popen[bytes]:
        environ = {MARKER: marker(data.root, name)}
        started.append(start(Launch(name, (sys.executable, "-c", _IDLE), environ, data.root / f"{name}.log")))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()


def _record(data: DataDir, **processes: subprocess.Popen[bytes]) -> None:
    state.write(data.state, {name: state.Process(process.pid, "", None) for name, process in processes.items()})


async def _keeps_watching(watching: "asyncio.Task[None]") -> bool:
    """Whether the watcher still waits after a few polls."""
    done, _ = await asyncio.wait({watching}, timeout=1)
    return not done


async def test_watcher_reports_the_exit_code_of_a_killed_process(data: DataDir, start_process: StartProcess) -> None:
    one, other = start_process("one"), start_process("other")
    _record(data, one=one, other=other)
    watcher = ExitWatcher(data, {"one": one, "other": other})
    watching = asyncio.create_task(watcher.until_one_ends())
    assert await _keeps_watching(watching)

    one.kill()
    await watching

    assert watcher.ended == {"one": -signal.SIGKILL}


async def test_watcher_ignores_a_restart_and_reports_the_exit_of_the_successor(
    data: DataDir, start_process: StartProcess
) -> None:
    one = start_process("one")
    _record(data, one=one)
    watcher = ExitWatcher(data, {"one": one})
    watching = asyncio.create_task(watcher.until_one_ends())

    with data.locked():
        one.kill()
        assert await _keeps_watching(watching)
        successor = start_process("one")
        _record(data, one=successor)
    assert await _keeps_watching(watching)
    successor.kill()
    successor.wait()
    await watching

    assert watcher.ended == {"one": None}


async def test_watcher_reports_a_restart_that_failed(data: DataDir, start_process: StartProcess) -> None:
    one = start_process("one")
    _record(data, one=one)
    watcher = ExitWatcher(data, {"one": one})
    watching = asyncio.create_task(watcher.until_one_ends())

    with data.locked():
        one.terminate()
        assert await _keeps_watching(watching)
    await watching

    assert watcher.ended == {"one": -signal.SIGTERM}


async def test_watcher_reports_no_exit_when_the_stack_was_stopped_by_a_command(
    data: DataDir, start_process: StartProcess
) -> None:
    one = start_process("one")
    _record(data, one=one)
    watcher = ExitWatcher(data, {"one": one})
    watching = asyncio.create_task(watcher.until_one_ends())

    with data.locked_if_free() as locked:
        assert locked
        one.terminate()
        assert await _keeps_watching(watching)
        data.state.unlink()
    await watching

    assert watcher.ended == {}
