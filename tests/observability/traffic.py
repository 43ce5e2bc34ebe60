"""Generates every kind of traffic, so that every chart has data."""

import asyncio
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from loguru import logger

from tests.faults.http_client import Answer, HttpConnection
from tests.faults.people import ORDER, newcomer
from tests.running.stacks import Stack

_UNKNOWN_ACCOUNT = {"email": "nobody@example.com", "password": "not-the-password-at-all"}
_QUOTA = 30
_TOO_MANY = 429
#: The environment that the platform must be started with.
ENVIRON = {"GATEWAY_RATE_LIMIT_DEFAULT": f"{_QUOTA}/60s", "GATEWAY_TRUSTED_PROXIES": "127.0.0.1/32"}
_EVERY_S = 1.0
#: Errors that an overloaded machine may cause; the next round repeats the requests.
_NOT_NOW = (AssertionError, KeyError, OSError, asyncio.IncompleteReadError)


@contextmanager
def steady_traffic(stack: Stack) -> Iterator[None]:
    """Repeats the traffic for as long as the context lasts: rates cover the last minute only."""
    ended = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as thread:
        running = thread.submit(asyncio.run, _repeat_traffic(stack, ended))
        try:
            yield
        finally:
            ended.set()
            running.result()


async def _repeat_traffic(stack: Stack, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            await everyday_traffic(stack)
        except _NOT_NOW as exc:
            logger.warning("traffic incomplete: {!r}", exc)
        await asyncio.to_thread(ended.wait, _EVERY_S)


async def everyday_traffic(stack: Stack) -> None:
    """Creates an account and orders, renews and ends sessions, causes refusals, exceeds a quota, and cleans up."""
    person = await newcomer(stack.url)
    connection = HttpConnection(stack.url)
    try:
        order_id = (await person.order(key="traffic")(connection)).json()["order_id"]
        await person.order(key="traffic")(connection)
        for path in (f"/api/v1/orders/{order_id}", "/api/v1/orders", "/api/v1/users/me", "/api/v1/sessions"):
            await connection.request("GET", path, token=person.token)
        await connection.request("PATCH", f"/api/v1/orders/{order_id}", token=person.token, body={"status": "done"})
        await connection.request("GET", "/api/v1/orders", token="no-token")
        await connection.request("POST", "/api/users/log", body=_UNKNOWN_ACCOUNT)
        await connection.request("POST", "/api/orders/add", token=person.token, body={**ORDER, "currency": "?"})
        await connection.request("GET", "/nowhere")
        login = {"email": person.email, "password": person.password}
        await _renew(connection, await connection.request("POST", "/api/users/log", body=login))
        await _log_out(connection, await connection.request("POST", "/api/users/log", body=login))
        await _exceed_quota(connection)
        await connection.request("DELETE", "/api/v1/users/me", token=person.token)
    finally:
        connection.close()


async def _renew(connection: HttpConnection, login: Answer) -> None:
    """Sends a request with the session cookie only, as a reloaded page does."""
    cookie = login.headers["set-cookie"].partition(";")[0]
    await connection.request("GET", "/api/v1/users/me", headers={"Cookie": cookie, **_new_client_address()})


async def _log_out(connection: HttpConnection, login: Answer) -> None:
    """Logs out, and uses the revoked token once more."""
    token = login.json()["access_token"]
    await connection.request("DELETE", "/api/v1/sessions/current", token=token)
    await connection.request("GET", "/api/v1/users/me", token=token)


async def _exceed_quota(connection: HttpConnection) -> None:
    """Sends requests from one address until its quota is used up."""
    address = _new_client_address()
    for _ in range(2 * _QUOTA):  # the quota is partly restored meanwhile
        answer = await connection.request("GET", "/api/v1/orders", headers=address)
        if answer.status == _TOO_MANY:
            return


def _new_client_address() -> dict[str, str]:
    """Returns a header with a client address that has a quota of its own; all other requests share one address."""
    return {"X-Forwarded-For": f"198.51.100.{secrets.randbelow(256)}"}
