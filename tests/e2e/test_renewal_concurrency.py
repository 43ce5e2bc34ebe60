"""Concurrent requests with one expired token, on two gateways and with lost responses, renew the session once.

Runs on a separate stack whose access tokens are valid for seconds, without leeway.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.conftest import StartStack
from tests.e2e.accounts import Account, log_in, register, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.conftest import RENEWING
from tests.e2e.renewals import assert_renewed, present
from tests.e2e.shapes import assert_success
from tests.running.polling import eventually
from tests.running.stacks import Stack

pytestmark = pytest.mark.local_platform

REQUESTS, LOST = 50, 10


@pytest.fixture(scope="module")
def replicated(start_stack: StartStack) -> Stack:
    """Two gateways that share a port."""
    return start_stack(RENEWING, {"gateway": 2})


@pytest.fixture(scope="module")
def replicated_api(replicated: Stack) -> Iterator[Api]:
    with Api(replicated.url) as client:
        yield client


@pytest.fixture
def expired(replicated_api: Api) -> Account:
    account = register(replicated_api)

    def refused() -> bool | None:
        return True if replicated_api.call("GetUser", token=account.token).status_code == 401 else None

    eventually(refused, within_s=10, every_s=0.25)
    return account


def renewals_on_record(replicated: Stack, api: Api, user_id: str) -> list[str]:
    """Returns the counters of the created session keys, from the audit log."""
    email, password = unique_email("admin"), unique_password()
    replicated.create_admin(email, password)
    admin = log_in(api, email, password)
    query = f"?user_id={user_id}&page_size=100"
    headers = {"Cookie": admin.cookie}
    events = api.send("GET", f"/api/audit/events{query}", headers=headers).json()["events"]
    return [event["detail"]["counter"] for event in events if event["kind"] == "session_renewed"]


def served_by(replicated: Stack) -> list[float]:
    """Returns the number of GetUser responses with 200 per gateway."""
    counts = []
    for name in replicated.services:
        if name.startswith("gateway"):
            text = httpx2.get(f"{replicated.admin_url(name)}/metrics").text
            lines = re.findall(
                r'^http_server_request_duration_seconds_count\{.*?/api/users/me".*\} (\S+)$', text, re.MULTILINE
            )
            counts.append(sum(map(float, lines)))
    return counts


def test_fifty_concurrent_requests_on_two_gateways_rotate_once(
    replicated: Stack, replicated_api: Api, expired: Account
) -> None:
    headers = {"Cookie": expired.cookie, "Authorization": f"Bearer {expired.token}", "Connection": "close"}
    before = served_by(replicated)

    def call(_: int) -> httpx2.Response:
        return httpx2.get(f"{replicated.url}/api/users/me", headers=headers, timeout=20)

    with ThreadPoolExecutor(REQUESTS) as pool:
        responses = list(pool.map(call, range(REQUESTS)))
    assert Counter(response.status_code for response in responses) == {200: REQUESTS}
    (successor,) = {assert_renewed(response) for response in responses}
    assert all(now > then for now, then in zip(served_by(replicated), before, strict=True)), "one gateway idled"
    assert renewals_on_record(replicated, replicated_api, expired.user_id) == ["2"]
    assert_success(present(replicated_api, successor), 200)


async def test_fifty_concurrent_requests_rotate_once_when_ten_are_aborted(
    replicated: Stack, replicated_api: Api, expired: Account
) -> None:
    """Clients that lost their responses retry with the old key, and get the same successor as the others."""
    url = urlsplit(replicated.url)
    request = (
        f"GET /api/users/me HTTP/1.1\r\nHost: {url.netloc}\r\nCookie: {expired.cookie}\r\n"
        f"Authorization: Bearer {expired.token}\r\n\r\n"
    ).encode()

    async def broken_off() -> None:
        _, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(request)
        await writer.drain()
        writer.transport.abort()

    limits = httpx2.Limits(max_connections=REQUESTS)
    async with httpx2.AsyncClient(base_url=replicated.url, timeout=20, limits=limits) as client:
        headers = {"Cookie": expired.cookie, "Authorization": f"Bearer {expired.token}"}

        async def answered() -> httpx2.Response:
            return await client.get("/api/users/me", headers=headers)

        sent = [broken_off() if number % 5 == 0 else answered() for number in range(REQUESTS)]
        responses = [response for response in await asyncio.gather(*sent) if response is not None]
        assert len(responses) == REQUESTS - LOST
        responses += await asyncio.gather(*(answered() for _ in range(LOST)))
    assert Counter(response.status_code for response in responses) == {200: REQUESTS}
    (successor,) = {assert_renewed(response) for response in responses}
    assert renewals_on_record(replicated, replicated_api, expired.user_id) == ["2"]
    sessions = present(replicated_api, successor, "ListSessions").json()["sessions"]
    assert len(sessions) == 1
