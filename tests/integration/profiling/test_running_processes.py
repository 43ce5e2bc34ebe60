"""Profiles of a platform under load, by route and RPC."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx2
import psutil
import pytest

from tests.conftest import StartStack
from tests.running.polling import eventually
from tests.running.secrets_seen import SEEN
from tests.running.stacks import Stack
from tests.unit.service_kit.profiling.profile_proto import ReadProfile

SERVICES = {"gateway": "GATEWAY", "user-svc": "USER_SVC", "order-svc": "ORDER_SVC"}
ROUTE, RPC = "/api/orders", "order.v1.OrderService/ListOrders"


def admin(stack: Stack, name: str, path: str) -> Any:
    return httpx2.get(stack.admin_url(name) + path, timeout=10).raise_for_status().json()


def pprof(stack: Stack, name: str, page: str) -> httpx2.Response:
    port = admin(stack, name, "/config")["settings"][f"{SERVICES[name]}_PPROF_PORT"]
    return httpx2.get(f"http://127.0.0.1:{port}/debug/pprof/{page}", timeout=60).raise_for_status()


@contextmanager
def light_load(stack: Stack) -> Iterator[None]:
    """Lists orders in a loop, as a separate user, within the context."""
    account = {"email": f"{uuid4().hex}@example.com", "name": "Ada", "password": f"horse {uuid4().hex}"}
    SEEN.note("password", account["password"])
    token = httpx2.post(f"{stack.url}/api/users/reg", json=account, timeout=10).json()["access_token"]
    SEEN.note("access token", token)
    done = threading.Event()

    def ask() -> None:
        with httpx2.Client(headers={"Authorization": f"Bearer {token}"}, timeout=10) as client:
            while not done.is_set():
                client.get(f"{stack.url}{ROUTE}").raise_for_status()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        done.set()
        asking.join()


def test_cpu_profile_has_route_and_rpc(stack: Stack) -> None:
    with light_load(stack):
        gateway = ReadProfile(pprof(stack, "gateway", "profile?seconds=2").content)
        orders = ReadProfile(pprof(stack, "order-svc", "profile?seconds=2").content)
        picture = pprof(stack, "gateway", "profile?seconds=1&format=svg").text
    assert gateway.totals_by("route")[ROUTE] > 0
    assert gateway.totals_by("rpc")[RPC] == gateway.totals_by("route")[ROUTE]
    assert orders.totals_by("rpc")[RPC] > 0
    functions = {frame[0] for stack, *_ in gateway.samples() for frame in stack}
    assert "gateway.transcoding.transcoder.Transcoder.__call__" in functions
    assert f"route: {ROUTE}" in picture


@pytest.mark.parametrize("name", SERVICES)
def test_every_process_serves_profiles(stack: Stack, name: str) -> None:
    assert f"{name}: /debug/pprof/" in pprof(stack, name, "").text
    assert "service_kit.lifecycle.lifecycle.Lifecycle.run" in pprof(stack, name, "goroutine?debug=2").text
    assert name in pprof(stack, name, "cmdline").text
    about = admin(stack, name, "/version")
    assert (about["service"], about["commit"]) == (name, None)
    assert admin(stack, name, "/livez")["live"]
    checks = admin(stack, name, "/readyz")["checks"]
    expected = {
        "gateway": {"redis", "key_set"},
        "user-svc": {"postgres", "redis"},
        "order-svc": {"postgres", "key_set"},
    }
    assert checks.keys() >= expected[name]


@pytest.mark.parametrize("name", SERVICES)
def test_settings_page_masks_secrets(stack: Stack, name: str) -> None:
    shown = httpx2.get(f"{stack.admin_url(name)}/config", timeout=10).text
    secrets = [path.read_text().strip() for path in (stack.data_dir / "secrets").iterdir() if path.is_file()]
    assert len(secrets) > 3
    assert not any(secret in shown for secret in secrets)


def test_log_level_of_a_running_process_can_be_changed(stack: Stack) -> None:
    def told() -> str:
        return (stack.data_dir / "logs" / "order-svc.log").read_text()

    url = f"{stack.admin_url('order-svc')}/log-level"
    with light_load(stack):
        httpx2.put(url, json={"level": "DEBUG"}, timeout=10).raise_for_status()
        assert httpx2.get(url, timeout=10).json()["level"] == "DEBUG"
        httpx2.put(url, json={"level": "INFO"}, timeout=10).raise_for_status()
    assert "log level changed from INFO to DEBUG" in told()
    assert "log level changed from DEBUG to INFO" in told()


def test_process_exits_without_waiting_for_a_profile_and_delivers_it(start_stack: StartStack) -> None:
    profiled = start_stack({})
    pid = profiled.services["order-svc"]["pid"]
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(pprof, profiled, "order-svc", "profile?seconds=50")
        eventually(
            lambda: "TimedRuns.last" in pprof(profiled, "order-svc", "goroutine?debug=2").text or None, within_s=20
        )
        os.kill(pid, signal.SIGTERM)
        answer = asked.result(30)
    assert ReadProfile(answer.content).raw.duration_nanos < 50e9
    eventually(
        lambda: None if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" else True, within_s=20
    )
    said = (profiled.data_dir / "logs" / "order-svc.log").read_text()
    assert "close timed out" not in said
    assert "stopped" in said
