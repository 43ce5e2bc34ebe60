"""Errors of HTTP itself: paths, methods, media types and sizes.

Every media type is tried in process (tests/unit/gateway/test_media_types.py); here each media type and each route once.
"""

import gzip
import json
from collections.abc import Callable
from itertools import cycle
from typing import Any, cast

import pytest

from tests.e2e.accounts import Account, registration, session_cookies
from tests.e2e.api import Api
from tests.e2e.bindings import BINDINGS, BODY_BINDINGS, PATH_IDS, ROWS, Style, allowed_verbs
from tests.e2e.orders import order_fields
from tests.e2e.shapes import assert_common_headers, assert_problem, assert_success

MIB = 1024 * 1024
UNKNOWN_PATHS = (
    *("/", "/api", "/api/", "/api/v1", "/api/v2/orders", "/api/orders/", "/api/users", "/api/users/me/"),
    *("/api/v1/orders/", "//api/orders", "/api//orders", "/API/orders", "/api/orders/nothing", "/metrics", "/livez"),
    *("/readyz", "/%00", "/api/v1/sessions/current/", "/.well-known/", "/.env", "/%2e%2e/%2e%2e/etc/passwd"),
    *("/api%2Fusers%2Fme", "/api/users%2Fme", "/api%252Fusers%252Fme", "/api/v1/orders/%2e%2e"),
    *("/openapi.json/x", "/openapi.json/", "/docs%2Fstart.js", "/api/users/me;x=1"),
)


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_unknown_path_is_not_found(api: Api, alice: Account, verb: str, path: str) -> None:
    assert_problem(api.send(verb, path, token=alice.token), 404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/users/%ff", "/api/users/%zz", "/api/v1/orders/%C3", "/%"])
def test_path_that_cannot_be_decoded_is_refused(api: Api, alice: Account, path: str) -> None:
    assert_problem(api.send("GET", path, token=alice.token), 400, "MALFORMED_REQUEST")


def test_encoded_slash_is_part_of_the_path_parameter(api: Api, alice: Account) -> None:
    refused = api.send("GET", "/api/v1/orders/a%2Fb", token=alice.token)
    assert_problem(refused, 400, "INVALID_REQUEST")
    assert [violation["field"] for violation in refused.json()["violations"]] == ["order_id"]


@pytest.mark.parametrize(("rpc", "style"), BINDINGS)
def test_wrong_method_is_refused_with_the_allowed_ones(api: Api, rpc: str, style: Style) -> None:
    path, _ = ROWS[rpc][style].fill({"user_id": "me", "order_id": "1", "session_id": "1"})
    allowed = allowed_verbs(ROWS[rpc][style].path)
    for verb in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - allowed):
        response = api.send(verb, path)
        assert_problem(response, 405, "METHOD_NOT_ALLOWED")
        told = {name.strip() for name in response.headers["Allow"].split(",")}
        assert allowed <= told <= allowed | {"HEAD", "OPTIONS"}


def test_allow_header_lists_all_methods_of_a_path(api: Api) -> None:
    response = api.send("PUT", "/api/v1/orders/1")
    assert {"GET", "PATCH", "DELETE"} <= {name.strip() for name in response.headers["Allow"].split(",")}


OTHER_MEDIA_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/json-patch+json",
    "json",
    "*/*",
    "appli cation/json",
    "application/ json",
    "application/json, application/json",
    "application/json; charset=latin1",
    'application/json; charset="utf-16"',
    "application/json; charset=utf-8; charset=ascii",
    "application/json; charset",
    "application/json charset=utf-8",
)
#: Each media type and each route at least once.
MEDIA_TYPE_CASES = [
    pytest.param(rpc, style, media_type, id=f"{media_type} to {ROWS[rpc][style]}")
    for (rpc, style), media_type in zip(BODY_BINDINGS, cycle(OTHER_MEDIA_TYPES), strict=False)
]


def test_cases_cover_every_media_type() -> None:
    assert len(BODY_BINDINGS) >= len(OTHER_MEDIA_TYPES)


@pytest.mark.parametrize(("rpc", "style", "media_type"), MEDIA_TYPE_CASES)
def test_body_of_another_media_type_is_refused(
    api: Api, token_for: Callable[[str], str], rpc: str, style: Style, media_type: str
) -> None:
    path, _ = ROWS[rpc][style].fill(PATH_IDS)
    headers = {"Content-Type": media_type}
    response = api.send(ROWS[rpc][style].verb, path, content=b"{}", token=token_for(rpc), headers=headers)
    assert_problem(response, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert (response.headers["Accept"], response.headers["Accept-Encoding"]) == ("application/json", "identity")
    patch = ROWS[rpc][style].verb == "PATCH"
    assert response.headers.get("Accept-Patch") == ("application/json" if patch else None)


def test_body_without_a_media_type_is_refused(api: Api) -> None:
    content = json.dumps(registration()).encode()
    response = api.send("POST", "/api/users/reg", content=content, headers={"Content-Type": ""})
    assert_problem(response, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "media_type",
    [
        *["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8", "application/json;"],
        *[
            "application/json; version=1",
            'application/json;a="b;c\\"" ; charset="UTF-8";',
            "application/json; charset=utf8",
        ],
    ],
)
def test_equivalent_spellings_of_the_json_media_type_are_accepted(api: Api, media_type: str) -> None:
    content = json.dumps(registration()).encode()
    response = api.send("POST", "/api/users/reg", content=content, headers={"Content-Type": media_type})
    assert_success(response, 201)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity", "x"])
@pytest.mark.parametrize("style", Style, ids=str)
def test_body_with_a_content_encoding_is_refused(api: Api, alice: Account, style: Style, encoding: str) -> None:
    content = json.dumps(order_fields()).encode()
    content = gzip.compress(content) if encoding == "gzip" else content
    binding, headers = ROWS["CreateOrder"][style], {"Content-Encoding": encoding}
    response = api.send(binding.verb, binding.path, content=content, token=alice.token, headers=headers)
    assert_problem(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def padded(body: dict[str, Any], size: int) -> bytes:
    """Returns the body as JSON, padded with white space to this size."""
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


@pytest.mark.parametrize(("rpc", "style"), BODY_BINDINGS)
def test_body_over_one_mib_is_refused(api: Api, token_for: Callable[[str], str], rpc: str, style: Style) -> None:
    path, _ = ROWS[rpc][style].fill(PATH_IDS)
    response = api.send(ROWS[rpc][style].verb, path, content=padded({}, MIB + 1), token=token_for(rpc))
    assert_problem(response, 413, "BODY_TOO_LARGE")


@pytest.fixture(scope="session")
def description(api: Api) -> dict[str, Any]:
    return cast("dict[str, Any]", api.send("GET", "/openapi.json").json())


@pytest.mark.parametrize(("rpc", "style"), BODY_BINDINGS)
def test_body_over_the_limit_of_its_method_is_refused(
    api: Api, description: dict[str, Any], token_for: Callable[[str], str], rpc: str, style: Style
) -> None:
    binding = ROWS[rpc][style]
    limit = description["paths"][binding.path][binding.verb.lower()]["requestBody"]["x-headrace-max-body-bytes"]
    assert limit < MIB
    path, _ = binding.fill(PATH_IDS)
    # With an unknown field, so that the request has no effect.
    for size, status, code in ((limit, 400, "INVALID_REQUEST"), (limit + 1, 413, "BODY_TOO_LARGE")):
        response = api.send(binding.verb, path, content=padded({"unknown": 1}, size), token=token_for(rpc))
        assert_problem(response, status, code)


def test_body_of_the_largest_size_is_accepted(api: Api, style: Style, alice: Account) -> None:
    binding = ROWS["CreateOrder"][style]
    response = api.send(binding.verb, binding.path, content=padded(order_fields(), 100_000), token=alice.token)
    assert_success(response, 201)


def test_refused_login_sets_no_cookie(api: Api, style: Style) -> None:
    binding = ROWS["Login"][style]
    response = api.send(binding.verb, binding.path, content=b" " * (MIB + 1))
    assert_problem(response, 413, "BODY_TOO_LARGE")
    assert not session_cookies(response)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/.well-known/jwks.json", "/nothing"])
def test_every_response_carries_the_common_headers(api: Api, path: str) -> None:
    assert_common_headers(api.send("GET", path))


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/.well-known/jwks.json"])
def test_pages_of_the_gateway_are_read_only(api: Api, path: str) -> None:
    response = api.send("POST", path)
    assert_problem(response, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in response.headers["Allow"]
