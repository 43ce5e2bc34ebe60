"""Starting, recognising and stopping processes."""

import os
import signal
import sys
from pathlib import Path

import pytest
from local_stack.errors import ProcessFailedError
from local_stack.processes import MARKER, Launch, describe_exit, is_running, start, stop

SLEEPER = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


def launch(tmp_path: Path, code: str, name: str = "it") -> Launch:
    return Launch(name, (sys.executable, "-c", code), {MARKER: f"here:{name}"}, tmp_path / "log")


async def test_process_is_recognised_by_its_marker_not_by_its_id(tmp_path: Path) -> None:
    child = start(launch(tmp_path, SLEEPER))
    try:
        assert is_running(child.pid, "here:it")
        assert not is_running(child.pid, "elsewhere:it")
        assert not is_running(os.getpid(), "here:it")
    finally:
        assert await stop(child.pid, "here:it", by=signal.SIGTERM, within_s=10)
        assert child.wait() == -signal.SIGTERM


def test_process_is_recognised_as_soon_as_it_is_started(tmp_path: Path) -> None:
    for _ in range(50):
        child = start(launch(tmp_path, SLEEPER))
        known = is_running(child.pid, "here:it")
        child.kill()
        child.wait()
        assert known


async def test_zombie_does_not_count_as_running(tmp_path: Path) -> None:
    child = start(launch(tmp_path, SLEEPER))

    await stop(child.pid, "here:it", by=signal.SIGTERM, within_s=10)

    assert not is_running(child.pid, "here:it")
    child.wait()


async def test_process_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    child = start(launch(tmp_path, STUBBORN))
    while b"deaf" not in (tmp_path / "log").read_bytes():
        assert child.poll() is None

    assert not await stop(child.pid, "here:it", by=signal.SIGTERM, within_s=0.2)
    assert child.wait() == -signal.SIGKILL


def test_each_process_has_its_own_session(tmp_path: Path) -> None:
    child = start(launch(tmp_path, "import os; print(os.getsid(0) == os.getpid(), os.isatty(0))"))

    assert child.wait() == 0
    assert (tmp_path / "log").read_text() == "True False\n"


def test_missing_program_is_named_in_the_error(tmp_path: Path) -> None:
    missing = Launch("it", (str(tmp_path / "absent"),), {}, tmp_path / "log")

    with pytest.raises(ProcessFailedError, match=r"it failed: .*absent cannot be run"):
        start(missing)


def test_describe_exit_names_the_code_or_the_signal() -> None:
    assert describe_exit(3) == "exited with code 3"
    assert describe_exit(-signal.SIGKILL) == "killed by SIGKILL"
