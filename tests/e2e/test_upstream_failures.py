"""Responses while a service behind the gateway hangs or is down. (501: tests/integration/gateway/test_new_rpc.py.)"""

import os
import signal
from collections.abc import Iterator

import httpx2
import pytest

from tests.conftest import StartStack
from tests.running.secret_hooks import note_exchange
from tests.running.stacks import Stack

pytestmark = pytest.mark.local_platform

ACCOUNT = {"email": "upstream@example.com", "name": "Upstream", "password": "a-short-walk-in-the-snow"}


@pytest.fixture(scope="module")
def fragile(start_stack: StartStack) -> Stack:
    """A separate platform to break."""
    return start_stack({})


@pytest.fixture(scope="module")
def orders(fragile: Stack) -> Iterator[httpx2.Client]:
    """A client with a token."""
    registered = note_exchange(httpx2.post(f"{fragile.url}/api/users/reg", json=ACCOUNT, timeout=15))
    token = registered.json()["access_token"]
    with httpx2.Client(base_url=fragile.url, headers={"Authorization": f"Bearer {token}"}, timeout=15) as client:
        yield client


def test_hanging_service_gives_504_and_missing_service_503(fragile: Stack, orders: httpx2.Client) -> None:
    pid = fragile.services["order-svc"]["pid"]
    assert orders.get("/api/orders").status_code == 200

    os.kill(pid, signal.SIGSTOP)
    hanging = orders.get("/api/orders")
    os.kill(pid, signal.SIGKILL)
    gone = orders.get("/api/orders")

    assert (hanging.status_code, hanging.json()["code"]) == (504, "DEADLINE_EXCEEDED")
    assert hanging.json()["decision"] == {"policy": "deadline", "state": "exceeded"}
    assert (gone.status_code, gone.json()["code"]) == (503, "UPSTREAM_UNAVAILABLE")
    assert gone.headers["retry-after"] == str(gone.json()["decision"]["retry_after_s"])
    assert orders.get("/api/users/me").status_code == 200
