"""`just restart`."""

import socket
from typing import Any

import httpx2
import psutil

from tests.integration.local_stack.test_foreground import ENDED_WITHIN_S, READY, foreground, read_until
from tests.running.polling import eventually
from tests.running.terminals import Terminal


def _pids(services: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {name: service["pid"] for name, service in services.items()}


def _places(services: dict[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(name, service["url"], service["admin_url"]) for name, service in services.items()]


def _steps(output: str, *names: str) -> list[str]:
    """Returns the announcements of these processes, as "NAME: WHAT"."""
    lines = [line.partition("|") for line in output.splitlines()]
    return [f"{name.strip()}: {what.strip()}" for name, _, what in lines if name.strip() in names]


def test_restart_keeps_addresses_and_restarts_one_process_at_a_time(terminal: Terminal) -> None:
    assert terminal.up("--replicas", "gateway=2", GATEWAY_TOKEN_LEEWAY_S="7").returncode == 0
    before = terminal.stack.services

    done = terminal.run("restart", "gateway")

    assert done.returncode == 0, done.stdout
    each = ("stopped", "starting", "ready")
    assert _steps(done.stdout, "gateway", "gateway-2") == [
        f"{name}: {step}" for name in ("gateway", "gateway-2") for step in each
    ]
    after = terminal.stack.services
    assert _places(after) == _places(before)
    assert {name for name in before if _pids(before)[name] != _pids(after)[name]} == {"gateway", "gateway-2"}
    assert "GATEWAY_TOKEN_LEEWAY_S=7" in _environ(after["gateway-2"]["pid"])
    assert "stopped" in (terminal.data_dir / "logs" / "gateway.log").read_text()

    one = terminal.run("restart", "gateway-1", "redis", "postgres", GATEWAY_TOKEN_LEEWAY_S="8")

    assert one.returncode == 0, one.stdout
    assert "redis            | it is the only one" in one.stdout
    changed = {name for name in after if _pids(after)[name] != _pids(terminal.stack.services)[name]}
    assert changed == {"gateway", "redis", "postgres"}
    assert "GATEWAY_TOKEN_LEEWAY_S=8" in _environ(terminal.stack.services["gateway"]["pid"])
    assert "GATEWAY_TOKEN_LEEWAY_S=7" in _environ(after["gateway-2"]["pid"])
    eventually(lambda: _ready(terminal), within_s=20)

    _assert_commands_have_the_settings_of_the_stack(terminal)


def _assert_commands_have_the_settings_of_the_stack(terminal: Terminal) -> None:
    printed = terminal.run("run", "gateway", "--print-config").stdout.splitlines()
    assert f"GATEWAY_PORT={8080 + terminal.offset}" in printed
    assert "GATEWAY_TOKEN_LEEWAY_S=8.0" in printed
    users, orders = (50051 + terminal.offset, 50052 + terminal.offset)
    assert f"GATEWAY_UPSTREAMS=user-svc=127.0.0.1:{users},order-svc=127.0.0.1:{orders}" in printed
    again = terminal.run("run", "gateway", "--print-config", GATEWAY_PORT="9", GATEWAY_DRIAN_S="1").stdout.splitlines()
    assert "GATEWAY_PORT=9" in again
    assert "gateway: GATEWAY_DRIAN_S is not a setting and is ignored; did you mean GATEWAY_DRAIN_S?" in again

    refused = terminal.run("restart", "gateway", GATEWAY_PORT="9")
    assert refused.returncode == 1
    assert "GATEWAY_PORT: a restart keeps every process at its address; use ./just down --data-dir" in refused.stdout
    assert eventually(lambda: _ready(terminal), within_s=20)


def _ready(terminal: Terminal) -> bool | None:
    names = ("user-svc", "order-svc", "gateway", "gateway-2")
    answers = [httpx2.get(f"{terminal.stack.admin_url(name)}/readyz").status_code for name in names]
    return True if set(answers) == {200} else None


def _kill(pid: int) -> None:
    """Kills a process, and returns once its ports are free."""
    process = psutil.Process(pid)
    process.kill()
    process.wait(10)


def _environ(pid: int) -> str:
    with open(f"/proc/{pid}/environ") as environ:  # noqa: PTH123
        return environ.read()


def test_restart_starts_dead_processes_and_names_those_that_fail(terminal: Terminal) -> None:
    assert terminal.up().returncode == 0
    before = terminal.stack.services
    _kill(before["order-svc"]["pid"])
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", 9466 + terminal.offset))
        squatter.listen()

        failed = terminal.run("restart", "order-svc", "user-svc")

    assert failed.returncode == 1
    assert "order-svc failed: exited with code" in failed.stdout
    assert "The end of" in failed.stdout
    assert terminal.stack.services["user-svc"] == before["user-svc"]

    _kill(before["user-svc"]["pid"])
    done = terminal.run("restart", "order-svc", "user-svc")  # the first is not ready without the second

    assert done.returncode == 0, done.stdout
    assert _steps(done.stdout, "order-svc") == [f"order-svc: {step}" for step in ("migrate", "starting", "ready")]
    assert _steps(done.stdout, "user-svc") == [f"user-svc: {step}" for step in ("migrate", "starting", "ready")]
    unknown = terminal.run("restart", "nobody")
    assert (unknown.returncode, "there is no 'nobody' here; there are: " in unknown.stdout) == (1, True)


def test_restart_without_a_stack_is_refused(terminal: Terminal) -> None:
    refused = terminal.run("restart", "gateway")

    assert (refused.returncode, refused.stdout) == (1, "Nothing is running.\n")
    assert not terminal.data_dir.exists()


def test_stack_in_the_foreground_survives_a_restart(terminal: Terminal) -> None:
    with foreground(terminal) as process:
        read_until(process, READY)
        restarted = terminal.run("restart", "order-svc")
        assert restarted.returncode == 0, restarted.stdout
        assert "it is the only one" in restarted.stdout
        pid = terminal.stack.services["order-svc"]["pid"]
        assert "not running" not in terminal.run("status").stdout
        assert process.poll() is None

        _kill(pid)
        rest, _ = process.communicate(timeout=ENDED_WITHIN_S)

    assert process.returncode == 1
    assert "order-svc        | ended: stopping the rest" in rest


def test_stack_in_the_foreground_can_be_stopped_by_down(terminal: Terminal) -> None:
    with foreground(terminal) as process:
        read_until(process, READY)
        assert terminal.run("down").returncode == 0
        rest, _ = process.communicate(timeout=ENDED_WITHIN_S)

    assert process.returncode == 0, rest
    assert "stopping the rest" not in rest
