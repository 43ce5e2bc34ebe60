"""Refused commands: the messages, before anything is started."""

import json
import os
import socket

from local_stack.state import Process, write

from tests.running.terminals import Terminal


def test_up_names_a_port_in_use_and_the_process_that_needs_it(terminal: Terminal) -> None:
    port = 50052 + terminal.offset
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()

        up = terminal.up()

    assert up.returncode == 1
    assert f"port {port} (order-svc, public) is already in use" in up.stdout
    assert f"(process {os.getpid()})" in up.stdout
    assert not (terminal.data_dir / "postgres").exists()


def test_down_and_status_without_a_stack_report_that_nothing_runs(terminal: Terminal) -> None:
    assert (terminal.run("down").returncode, terminal.run("down").stdout) == (0, "Nothing is running.\n")
    assert terminal.run("status").stdout == "Nothing is running.\n"
    assert json.loads(terminal.run("status", "--json").stdout) == {
        "running": False,
        "ready": False,
        "rss_bytes": 0,
        "services": {},
    }
    assert (terminal.run("logs").returncode, terminal.run("logs").stdout) == (0, "")
    assert not terminal.data_dir.exists()


def test_down_does_not_touch_a_process_with_a_reused_id(terminal: Terminal) -> None:
    terminal.data_dir.mkdir()
    ours = Process(os.getpid(), "http://127.0.0.1:1", "http://127.0.0.1:2")
    write(terminal.data_dir / "state.json", {"gateway": ours})

    assert "not running" in terminal.run("status").stdout
    down = terminal.run("down")

    assert (down.returncode, down.stdout) == (0, "Nothing is running.\n")
    assert not (terminal.data_dir / "state.json").exists()


def test_up_names_a_data_folder_that_cannot_be_created(terminal: Terminal) -> None:
    terminal.data_dir.write_text("a file")

    up = terminal.up()

    assert up.returncode == 1
    assert f"cannot write to the data folder {terminal.data_dir}" in up.stdout
    assert "Traceback" not in up.stdout
