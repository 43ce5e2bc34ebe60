"""CORS: explicit origins only, with credentials."""

import httpx2
import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import BINDINGS, ROWS, Style
from tests.e2e.running_stack import ALLOWED_ORIGIN
from tests.e2e.shapes import assert_problem

REFUSED = [
    "https://evil.example",
    "null",
    "*",
    ALLOWED_ORIGIN + ".evil.example",
    "http://app.example",
    ALLOWED_ORIGIN + ":8443",
    "",
]


def preflight(api: Api, rpc: str, style: Style, origin: str, headers: str = "authorization") -> httpx2.Response:
    binding = ROWS[rpc][style]
    path, _ = binding.fill({"user_id": "me", "order_id": "1", "session_id": "1"})
    sent = {"Origin": origin, "Access-Control-Request-Method": binding.verb, "Access-Control-Request-Headers": headers}
    return api.send("OPTIONS", path, headers=sent)


def names(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(",")}


@pytest.mark.parametrize(("rpc", "style"), BINDINGS)
def test_preflight_of_an_allowed_origin_is_granted(api: Api, rpc: str, style: Style) -> None:
    wanted = "authorization,content-type,idempotency-key,if-match,x-request-id,traceparent"
    response = preflight(api, rpc, style, ALLOWED_ORIGIN, wanted)
    assert response.status_code in {200, 204}
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert ROWS[rpc][style].verb.lower() in names(response.headers["Access-Control-Allow-Methods"])
    assert names(wanted) <= names(response.headers["Access-Control-Allow-Headers"])
    assert "origin" in names(response.headers["Vary"])


@pytest.mark.parametrize("origin", REFUSED)
def test_preflight_of_another_origin_is_not_granted(api: Api, style: Style, origin: str) -> None:
    response = preflight(api, "CreateOrder", style, origin)
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.status_code < 500


def test_response_is_readable_by_an_allowed_origin(api: Api, style: Style, newcomer: Account) -> None:
    headers = {"Origin": ALLOWED_ORIGIN, "Cookie": newcomer.cookie}
    response = api.call("GetUser", style, headers=headers)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    exposed = names(response.headers["Access-Control-Expose-Headers"])
    assert {"x-access-token", "x-access-token-expires-in", "x-request-id", "etag", "location", "retry-after"} <= exposed
    assert "origin" in names(response.headers["Vary"])


def test_refusal_is_readable_by_an_allowed_origin(api: Api, style: Style) -> None:
    response = api.call("GetUser", style, headers={"Origin": ALLOWED_ORIGIN})
    assert_problem(response, 401)
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN


@pytest.mark.parametrize("origin", REFUSED)
def test_response_is_not_readable_by_another_origin(api: Api, origin: str) -> None:
    response = api.send("GET", "/openapi.json", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers
