"""The whole stack, as a new user starts it."""

import json
import os
import signal
from typing import Any

import httpx2
from local_stack.processes import MARKER

from tests.running.secret_hooks import note_exchange
from tests.running.terminals import Terminal

PROCESSES = {"postgres", "redis", "user-svc", "order-svc", "gateway"}
PASSWORD = "a-short-walk-in-the-snow"
ORDER = {"currency": "EUR", "lines": [{"sku": "A-1", "quantity": 2, "unit_price_minor": 150}]}


def _register(url: str) -> dict[str, Any]:
    account = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    response = note_exchange(httpx2.post(f"{url}/api/v1/users", json=account))
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def _status(terminal: Terminal) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(terminal.run("status", "--json").stdout)
    return answer


def test_first_steps_of_the_readme_work(terminal: Terminal) -> None:
    up = terminal.up("--replicas", "gateway=2")
    assert up.returncode == 0, up.stdout
    url = terminal.stack.url
    assert f"curl -i {url}/api/users/reg" in up.stdout
    assert url == f"http://127.0.0.1:{8080 + terminal.offset}"

    services = terminal.stack.services
    assert services.keys() == PROCESSES | {"gateway-2"}
    assert all(entry.keys() == {"pid", "url", "admin_url"} for entry in services.values())
    assert services["gateway-2"]["url"] == url
    assert services["gateway-2"]["admin_url"] != services["gateway"]["admin_url"]
    assert services["postgres"]["admin_url"] is None
    for name in ("gateway", "gateway-2", "user-svc", "order-svc"):
        assert httpx2.get(f"{terminal.stack.admin_url(name)}/readyz").status_code == 200

    status = _status(terminal)
    assert status["running"]
    assert status["ready"]
    assert {row["ready"] for row in status["services"].values()} == {True}
    assert status["rss_bytes"] == sum(row["rss_bytes"] for row in status["services"].values())
    assert "gateway-2" in terminal.run("status").stdout

    _register(url)
    assert (
        "/api/v1/users" in terminal.run("logs", "gateway", "-n", "0").stdout + terminal.run("logs", "gateway-2").stdout
    )
    assert terminal.run("logs", "nobody").returncode == 1

    again = terminal.up()
    assert (again.returncode, "already running" in again.stdout) == (0, True)
    assert terminal.stack.services == services
    assert "just down" in terminal.up("--fresh").stdout

    down = terminal.run("down")
    stopped = [line.split()[0] for line in down.stdout.splitlines()]
    assert down.returncode == 0
    assert set(stopped[:2]) == {"gateway", "gateway-2"}
    assert set(stopped[2:4]) == {"user-svc", "order-svc"}
    assert set(stopped[4:]) == {"postgres", "redis"}
    assert not (terminal.data_dir / "state.json").exists()


def test_acknowledged_data_survive_a_kill_of_all_processes(terminal: Terminal) -> None:
    assert terminal.up().returncode == 0
    account = _register(terminal.stack.url)
    bearer = {"Authorization": f"Bearer {account['access_token']}"}
    created = httpx2.post(f"{terminal.stack.url}/api/v1/orders", json=ORDER, headers=bearer)
    assert created.status_code == 201, created.text

    for entry in terminal.stack.services.values():
        os.kill(entry["pid"], signal.SIGKILL)
    assert not _status(terminal)["running"]
    up = terminal.up()
    assert up.returncode == 0, up.stdout

    url = terminal.stack.url
    order = httpx2.get(f"{url}/api/v1/orders/{created.json()['order_id']}", headers=bearer)
    sessions = httpx2.get(f"{url}/api/v1/sessions", headers=bearer)
    assert order.json() == created.json()
    assert len(sessions.json()["sessions"]) == 1


def test_up_replaces_the_rest_of_a_broken_stack(terminal: Terminal) -> None:
    assert terminal.up().returncode == 0
    before = terminal.stack.services
    _register(terminal.stack.url)
    os.kill(before["order-svc"]["pid"], signal.SIGKILL)

    up = terminal.up("--fresh")

    assert up.returncode == 0, up.stdout
    assert "without its order-svc" in up.stdout
    after = terminal.stack.services
    assert not {entry["pid"] for entry in before.values()} & {entry["pid"] for entry in after.values()}
    _register(terminal.stack.url)  # again: the data are deleted


def test_up_names_a_failing_service_with_the_end_of_its_log(terminal: Terminal) -> None:
    up = terminal.up(ORDER_SVC_LOG_LEVEL="CHATTY")

    assert up.returncode == 1
    assert "order-svc" in up.stdout
    assert "failed: exited with code 2" in up.stdout
    assert "ORDER_SVC_LOG_LEVEL" in up.stdout
    assert "Nothing is running." in terminal.run("status").stdout
    assert MARKER not in up.stdout
