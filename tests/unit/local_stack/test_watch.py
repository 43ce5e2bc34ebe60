"""Whether the end of a process is noticed, and the end on purpose told from it."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local_stack import state
from local_stack.data_dir import DataDir
from local_stack.processes import MARKER, Launch, marker, start
from local_stack.watch import Watch

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


async def _goes_on(watching: "asyncio.Task[None]") -> bool:
    """Whether it has not ended after having looked a few times."""
    done, _ = await asyncio.wait({watching}, timeout=1)
    return not done


async def test_a_death_is_noticed_with_its_exit_code(data: DataDir, start_process: StartProcess) -> None:
    one, other = start_process("one"), start_process("other")
    _record(data, one=one, other=other)
    watch = Watch(data, {"one": one, "other": other})
    watching = asyncio.create_task(watch.until_one_ends())
    assert await _goes_on(watching)

    one.kill()
    await watching

    assert watch.ended == {"one": -signal.SIGKILL}


async def test_a_restart_is_no_death_but_the_death_of_the_successor_is(
    data: DataDir, start_process: StartProcess
) -> None:
    one = start_process("one")
    _record(data, one=one)
    watch = Watch(data, {"one": one})
    watching = asyncio.create_task(watch.until_one_ends())

    with data.locked():
        one.kill()
        assert await _goes_on(watching)
        successor = start_process("one")
        _record(data, one=successor)
    assert await _goes_on(watching)
    successor.kill()
    successor.wait()
    await watching

    assert watch.ended == {"one": None}


async def test_a_restart_that_failed_is_a_death(data: DataDir, start_process: StartProcess) -> None:
    one = start_process("one")
    _record(data, one=one)
    watch = Watch(data, {"one": one})
    watching = asyncio.create_task(watch.until_one_ends())

    with data.locked():
        one.terminate()
        assert await _goes_on(watching)
    await watching

    assert watch.ended == {"one": -signal.SIGTERM}


async def test_a_stack_that_was_stopped_on_purpose_has_ended_well(data: DataDir, start_process: StartProcess) -> None:
    one = start_process("one")
    _record(data, one=one)
    watch = Watch(data, {"one": one})
    watching = asyncio.create_task(watch.until_one_ends())

    with data.locked_if_free() as ours:
        assert ours
        one.terminate()
        assert await _goes_on(watching)
        data.state.unlink()
    await watching

    assert watch.ended == {}
