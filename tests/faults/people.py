"""Accounts for the drills, and their usual requests."""

import asyncio
import json
import secrets
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.faults.http_client import Answer, HttpConnection
from tests.faults.load import Ask
from tests.running.secrets_seen import SEEN
from tests.running.stacks import Stack

ORDER = {"currency": "EUR", "lines": [{"sku": "boots-42", "quantity": 1, "unit_price_minor": 12900}]}


@dataclass(frozen=True, slots=True)
class Person:
    """A registered user. token: an access token, valid as long as the platform's tokens are."""

    user_id: str
    email: str
    password: str
    token: str

    def get(self, path: str) -> Ask:
        """Returns a GET request."""

        async def ask(connection: HttpConnection) -> Answer:
            return await connection.request("GET", path, token=self.token)

        return ask

    def order(self, key: str | None = None, body: object = None) -> Ask:
        """Returns a request that creates an order, with a new Idempotency-Key each time or the given one."""

        async def ask(connection: HttpConnection) -> Answer:
            headers = {"Idempotency-Key": key or secrets.token_hex(16)}
            return await connection.request(
                "POST", "/api/orders/add", token=self.token, body=body or ORDER, headers=headers
            )

        return ask

    def log_in(self) -> Ask:
        """Returns a login request."""

        async def ask(connection: HttpConnection) -> Answer:
            body = {"email": self.email, "password": self.password}
            return await connection.request("POST", "/api/users/log", body=body)

        return ask

    async def place(self, url: str) -> str:
        """Creates one order and returns its id.

        Raises:
            AssertionError: it was refused.
        """
        connection = HttpConnection(url)
        try:
            answer = await self.order()(connection)
        finally:
            connection.close()
        assert answer.status == 201, answer.body
        return str(answer.json()["order_id"])


async def newcomer(url: str) -> Person:
    """Registers a new user.

    Raises:
        AssertionError: the registration was refused.
    """
    email, password = f"drill-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(24)
    connection = HttpConnection(url)
    try:
        body = {"email": email, "name": "Drill", "password": password}
        answer = await connection.request("POST", "/api/users/reg", body=body)
    finally:
        connection.close()
    assert answer.status == 201, answer.body
    answered: dict[str, Any] = answer.json()
    SEEN.note("access token", answered["access_token"])
    return Person(answered["user"]["user_id"], email, password, answered["access_token"])


async def metric(stack: Stack, process: str, name: str, **labels: str) -> float:
    """Returns the sum of a process's series with this name and these labels; 0 if there is none."""
    return await metric_at(stack.admin_url(process), name, **labels)


async def metric_at(admin_url: str, name: str, **labels: str) -> float:
    """Returns the same for the process with this admin port."""
    text = await asyncio.to_thread(_metrics, admin_url)
    total = 0.0
    for line in text.splitlines():
        series, _, value = line.rpartition(" ")
        bare, _, rest = series.partition("{")
        if bare == name and all(f"{label}={json.dumps(wanted)}" in rest for label, wanted in labels.items()):
            total += float(value)
    return total


def _metrics(admin_url: str) -> str:
    with urllib.request.urlopen(f"{admin_url}/metrics", timeout=5) as response:  # noqa: S310 - our own admin port
        text: str = response.read().decode()
        return text
