"""Signing keys are rotated and retired under load without a failure for clients with valid tokens."""

import base64
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import jwt
import pytest

from tests.conftest import StartStack
from tests.e2e.accounts import Account, register, session_cookie
from tests.e2e.api import Api
from tests.running.polling import eventually
from tests.running.stacks import Stack, local_stack

pytestmark = pytest.mark.local_platform

CLIENTS = 3
LEAD_S = 15


@pytest.fixture(scope="module")
def rotating(start_stack: StartStack) -> Stack:
    return start_stack({"USER_SVC_KEY_LEAD_S": str(LEAD_S)}, {"user-svc": 2, "gateway": 2})


@pytest.fixture(scope="module")
def rotating_api(rotating: Stack) -> Iterator[Api]:
    with Api(rotating.url) as client:
        yield client


def keys_command(stack: Stack, *arguments: str) -> str:
    done = local_stack("run", "--data-dir", str(stack.data_dir), "user-svc", "keys", *arguments, **stack.environ)
    assert done.returncode == 0, done.stdout
    return done.stdout


def named(said: str, pattern: str) -> str:
    """Returns the key in the output of a command."""
    found = re.search(pattern, said)
    assert found is not None, said
    return found[1]


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def encode(part: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def published(api: Api) -> set[str]:
    return {key["kid"] for key in api.send("GET", "/.well-known/jwks.json").json()["keys"]}


class Load:
    """Clients that log in, renew and create orders without a pause, each with its own user.

    A 503 only means that this machine is busy; every other failure is recorded.
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        self.seen: Counter[str] = Counter()
        self.first_seen: dict[str, float] = {}
        self.first_published: dict[str, float] = {}
        self.refused: list[tuple[str, int, str]] = []
        self.retired: str | None = None
        self.stopped = threading.Event()

    def client(self) -> None:
        account = register(self.api)
        credentials = {"email": account.email, "password": account.password}
        while not self.stopped.is_set():
            fresh = self.api.call("Login", fields=credentials)
            if self.succeeded("Login", fresh):
                self.use(fresh.json()["access_token"])
                renewed = self.api.call("GetUser", headers={"Cookie": session_cookie(fresh)})
                if self.succeeded("renewal", renewed):
                    self.use(renewed.headers["X-Access-Token"])

    def watch(self) -> None:
        while not self.stopped.wait(0.2):
            for kid in published(self.api):
                self.first_published.setdefault(kid, time.monotonic())

    def use(self, token: str) -> None:
        kid = kid_of(token)
        self.first_seen.setdefault(kid, time.monotonic())
        for rpc in ("GetUser", "ListOrders"):
            if self.succeeded(rpc, self.api.call(rpc, token=token), kid):
                self.seen[kid] += 1

    def succeeded(self, what: str, response: httpx2.Response, kid: str = "") -> bool:
        tolerated = {200, 503, 401} if kid and kid == self.retired else {200, 503}
        if response.status_code not in tolerated:
            self.refused.append((what, response.status_code, response.text))
        return response.status_code == 200


@contextmanager
def load(api: Api) -> Iterator[Load]:
    """Runs the load within the context, and checks that no request was refused."""
    running = Load(api)
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        clients = [pool.submit(running.client) for _ in range(CLIENTS)] + [pool.submit(running.watch)]
        try:
            yield running
        finally:
            running.stopped.set()
    for each in clients:
        each.result()
    assert running.refused == []


def refused(api: Api, account: Account) -> Callable[[], bool | None]:
    def attempt() -> bool | None:
        response = api.call("GetUser", token=account.token)
        if response.status_code in {200, 503}:
            return None
        assert (response.status_code, response.json()["code"]) == (401, "TOKEN_INVALID")
        return True

    return attempt


def junk_kids(api: Api, account: Account, stopped: threading.Event) -> None:
    """Exhausts the key set fetches that unknown key ids may cause."""
    for number in range(1_000_000):
        if stopped.is_set():
            return
        header = encode({"alg": "EdDSA", "typ": "at+jwt", "kid": f"junk-{number}"})
        token = ".".join((header, *account.token.split(".")[1:]))
        assert api.call("GetUser", token=token).status_code == 401


@pytest.mark.timeout(300)
def test_rotation_under_load_refuses_no_valid_token(rotating: Stack, rotating_api: Api) -> None:
    early = register(rotating_api)
    old = kid_of(early.token)
    with load(rotating_api) as running:
        eventually(lambda: running.seen[old] or None, within_s=30)
        new = named(keys_command(rotating, "rotate"), r"made the key (\S+), which signs from")
        eventually(lambda: running.seen[new] >= 50 or None, within_s=LEAD_S + 60)
        assert running.first_seen[new] - running.first_published[new] > LEAD_S / 2, "it is published before it signs"
        assert rotating_api.call("GetUser", token=early.token).status_code == 200
        assert rotating_api.call("ListOrders", token=early.token).status_code == 200
        assert published(rotating_api) == {old, new}

    with load(rotating_api) as running:
        running.retired = old
        keys_command(rotating, "retire", old)
        eventually(refused(rotating_api, early), within_s=1, every_s=0.02)
        before = running.seen[new]
        eventually(lambda: running.seen[new] >= before + 50 or None, within_s=60)
    assert published(rotating_api) == {new}


@pytest.mark.timeout(300)
def test_signing_key_is_retired_under_load_with_unknown_key_ids(rotating: Stack, rotating_api: Api) -> None:
    early = register(rotating_api)
    old, junk_stopped = kid_of(early.token), threading.Event()
    with load(rotating_api) as running, ThreadPoolExecutor(1) as pool:
        junk = pool.submit(junk_kids, rotating_api, early, junk_stopped)
        try:
            eventually(lambda: running.seen[old] or None, within_s=30)
            running.retired = old
            new = named(keys_command(rotating, "retire", old), r"the key (\S+) signs from now on")
            eventually(refused(rotating_api, early), within_s=1, every_s=0.02)
            eventually(lambda: running.seen[new] >= 50 or None, within_s=60)
        finally:
            junk_stopped.set()
        junk.result()
    assert published(rotating_api) == {new}
