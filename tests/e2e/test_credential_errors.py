"""Refusals that must not reveal their cause are identical, except for the request id."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.accounts import log_in, register
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID
from tests.e2e.credential_cases import ALIKE, World
from tests.e2e.orders import create_order
from tests.e2e.running_stack import RunningStack
from tests.e2e.shapes import assert_problem, assert_success
from tests.e2e.signers import signer_of


@pytest.fixture(scope="module")
def world(api: Api, stack: RunningStack) -> Iterator[World]:
    me, other = register(api), register(api)
    ended = log_in(api, me.email, me.password)
    assert_success(api.call("Logout", token=ended.token), 204)
    order_id = create_order(api, other.token)["order_id"]
    yield World(api, signer_of(stack, me.token), me, other, order_id, ended)
    assert_success(api.call("GetOrder", fields={"order_id": order_id}, token=other.token), 200)


def _told(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "request_id"}


@pytest.mark.parametrize("group", ALIKE)
def test_refusals_of_one_group_are_identical(world: World, group: str) -> None:
    status, code, cases = ALIKE[group]
    told, challenges = {}, set()
    for name, ask in cases.items():
        response = ask(world)
        told[name] = _told(assert_problem(response, status, code))
        challenges.add(response.headers.get("WWW-Authenticate"))
    first = next(iter(told.values()))
    assert told == dict.fromkeys(told, first)
    assert len(challenges) == 1
    assert first["title"]
    assert first["detail"]


@pytest.mark.parametrize("rpc", ["GetUser", "DeleteUser"])
def test_another_user_is_indistinguishable_from_an_unknown_one(world: World, rpc: str) -> None:
    answers = [
        world.api.send("GET" if rpc == "GetUser" else "DELETE", f"/api/v1/users/{user_id}", token=world.me.token)
        for user_id in (world.other.user_id, UNKNOWN_ID, str(uuid.uuid4()))
    ]
    first, *rest = [_told(assert_problem(answer, 404, "USER_NOT_FOUND")) for answer in answers]
    assert rest == [first, first]


def test_another_users_session_is_indistinguishable_from_an_unknown_one(world: World) -> None:
    theirs = world.api.call("ListSessions", token=world.other.token).json()["sessions"][0]["session_id"]
    answers = [
        world.api.call("RevokeSession", fields={"session_id": session_id}, token=world.me.token)
        for session_id in (theirs, "A" * len(theirs), "unknown")
    ]
    first, *rest = [_told(assert_problem(answer, 404, "SESSION_NOT_FOUND")) for answer in answers]
    assert rest == [first, first]
