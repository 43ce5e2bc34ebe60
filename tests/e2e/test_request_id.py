"""X-Request-Id: a valid id is kept, any other is replaced, and every response carries one."""

import re

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import PROTECTED_BINDINGS, WELL_FORMED, Style
from tests.e2e.shapes import assert_problem

MINTED = re.compile(r"[\x21-\x7e]{16,128}")


@pytest.mark.parametrize("request_id", ["a", "!", "~" * 128, "018f-ab_c.d:e/f", '"quoted"', "a" * 127])
def test_valid_request_id_is_kept(api: Api, alice: Account, request_id: str) -> None:
    response = api.call("GetUser", token=alice.token, headers={"X-Request-Id": request_id})
    assert response.headers["X-Request-Id"] == request_id


@pytest.mark.parametrize("request_id", ["", "a" * 129, "a b", "a\tb", "ä".encode(), b"\xff", "a" * 4000], ids=repr)
def test_invalid_request_id_is_replaced(api: Api, alice: Account, request_id: str) -> None:
    response = api.call("GetUser", token=alice.token, headers={"X-Request-Id": request_id})
    assert response.status_code == 200
    assert response.headers["X-Request-Id"] != request_id
    assert MINTED.fullmatch(response.headers["X-Request-Id"])


def test_each_request_gets_its_own_request_id(api: Api) -> None:
    assert len({api.send("GET", "/openapi.json").headers["X-Request-Id"] for _ in range(5)}) == 5


@pytest.mark.parametrize(("rpc", "style"), PROTECTED_BINDINGS)
def test_refusal_carries_the_request_id(api: Api, rpc: str, style: Style) -> None:
    response = api.call(rpc, style, WELL_FORMED.get(rpc), headers={"X-Request-Id": "mine-42"})
    assert assert_problem(response, 401)["request_id"] == "mine-42"


@pytest.mark.parametrize(
    ("verb", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/api/orders", 405), ("POST", "/api/users/log", 400)]
)
def test_every_problem_carries_the_request_id(api: Api, verb: str, path: str, status: int) -> None:
    response = api.send(verb, path, headers={"X-Request-Id": "mine-43", "Content-Type": "application/json"})
    assert assert_problem(response, status)["request_id"] == "mine-43"


@pytest.mark.parametrize(
    "traceparent", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "rubbish", "", "00-0-0-0"]
)
def test_any_trace_context_is_accepted(api: Api, alice: Account, traceparent: str) -> None:
    response = api.call("GetUser", token=alice.token, headers={"traceparent": traceparent})
    assert response.status_code == 200
