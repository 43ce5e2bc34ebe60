"""A bit of everything that people do, so that every chart has something to show."""

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

_NOBODY = {"email": "nobody@example.com", "password": "not-the-password-at-all"}
_QUOTA = 30
_TOO_MANY = 429
#: What the platform has to be started with.
ENVIRON = {"GATEWAY_RATE_LIMIT_DEFAULT": f"{_QUOTA}/60s", "GATEWAY_TRUSTED_PROXIES": "127.0.0.1/32"}
_EVERY_S = 1.0
#: What a machine that is short of time may lead to; the next round does better.
_NOT_NOW = (AssertionError, KeyError, OSError, asyncio.IncompleteReadError)


@contextmanager
def steady_traffic(stack: Stack) -> Iterator[None]:
    """The same again and again, for as long as the context lasts: what was a minute ago is no chart's any more."""
    ended = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as thread:
        going = thread.submit(asyncio.run, _again_and_again(stack, ended))
        try:
            yield
        finally:
            ended.set()
            going.result()


async def _again_and_again(stack: Stack, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            await everyday_traffic(stack)
        except _NOT_NOW as exc:
            logger.warning("the platform did not do all of it this time: {!r}", exc)
        await asyncio.to_thread(ended.wait, _EVERY_S)


async def everyday_traffic(stack: Stack) -> None:
    """Once around: an account, orders, a session renewed and one ended, refusals, one who asks too often, a goodbye."""
    person = await newcomer(stack.url)
    connection = HttpConnection(stack.url)
    try:
        order_id = (await person.order(key="traffic")(connection)).json()["order_id"]
        await person.order(key="traffic")(connection)
        for path in (f"/api/v1/orders/{order_id}", "/api/v1/orders", "/api/v1/users/me", "/api/v1/sessions"):
            await connection.request("GET", path, token=person.token)
        await connection.request("PATCH", f"/api/v1/orders/{order_id}", token=person.token, body={"status": "done"})
        await connection.request("GET", "/api/v1/orders", token="no-token")
        await connection.request("POST", "/api/users/log", body=_NOBODY)
        await connection.request("POST", "/api/orders/add", token=person.token, body={**ORDER, "currency": "?"})
        await connection.request("GET", "/nowhere")
        login = {"email": person.email, "password": person.password}
        await _renew(connection, await connection.request("POST", "/api/users/log", body=login))
        await _log_out(connection, await connection.request("POST", "/api/users/log", body=login))
        await _ask_too_often(connection)
        await connection.request("DELETE", "/api/v1/users/me", token=person.token)
    finally:
        connection.close()


async def _renew(connection: HttpConnection, login: Answer) -> None:
    """With the session's cookie alone, as a page that was loaded again."""
    cookie = login.headers["set-cookie"].partition(";")[0]
    await connection.request("GET", "/api/v1/users/me", headers={"Cookie": cookie, **_somewhere_else()})


async def _log_out(connection: HttpConnection, login: Answer) -> None:
    """And use the token once more, which is revoked."""
    token = login.json()["access_token"]
    await connection.request("DELETE", "/api/v1/sessions/current", token=token)
    await connection.request("GET", "/api/v1/users/me", token=token)


async def _ask_too_often(connection: HttpConnection) -> None:
    """From one address, until its quota is used up."""
    somewhere = _somewhere_else()
    for _ in range(2 * _QUOTA):  # some of it comes back meanwhile
        answer = await connection.request("GET", "/api/v1/orders", headers=somewhere)
        if answer.status == _TOO_MANY:
            return


def _somewhere_else() -> dict[str, str]:
    """An address of its own, with a quota of its own: but for these, all comes from one."""
    return {"X-Forwarded-For": f"198.51.100.{secrets.randbelow(256)}"}
