"""`just up` in the foreground."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.running.stacks import LENIENT
from tests.running.terminals import Terminal

ENDED_WITHIN_S = 60


@contextmanager
def foreground(terminal: Terminal) -> Iterator[subprocess.Popen[str]]:
    arguments = ("--data-dir", str(terminal.data_dir), "--port-offset", str(terminal.offset))
    with subprocess.Popen(
        [sys.executable, "-m", "local_stack", "up", "--no-prometheus", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **LENIENT},
    ) as process:
        yield process
        process.kill()


#: Printed once everything is ready; not part of any path.
READY = "/docs, and watch"


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            break
    return "".join(lines)


def test_ctrl_c_stops_all_processes_in_order(terminal: Terminal) -> None:
    with foreground(terminal) as process:
        shown = read_until(process, READY)
        assert "gateway          | ready" in shown
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)  # from the terminal and from the parent: both count as one
        rest, _ = process.communicate(timeout=ENDED_WITHIN_S)

    assert process.returncode == 130, rest
    assert rest.index("draining signal=SIGTERM") < rest.index("gateway          | stopped")
    stopped = [line.split()[0] for line in rest.splitlines() if line.endswith("| stopped")]
    assert stopped[0] == "gateway"
    assert set(stopped[-2:]) == {"postgres", "redis"}
    assert terminal.run("status").stdout == "Nothing is running.\n"


def test_stack_in_the_foreground_stops_when_one_process_dies(terminal: Terminal) -> None:
    with foreground(terminal) as process:
        read_until(process, READY)
        os.kill(terminal.stack.services["order-svc"]["pid"], signal.SIGKILL)
        rest, _ = process.communicate(timeout=ENDED_WITHIN_S)

    assert process.returncode == 1
    assert "order-svc        | killed by SIGKILL: stopping the rest" in rest
    assert terminal.run("status").stdout == "Nothing is running.\n"


def test_up_can_be_interrupted_while_it_starts(terminal: Terminal) -> None:
    with foreground(terminal) as process:
        read_until(process, "order-svc        | starting")
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=ENDED_WITHIN_S)

    assert process.returncode == 130, rest
    assert terminal.run("status").stdout == "Nothing is running.\n"
