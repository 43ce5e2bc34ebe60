"""HTTP requests into request messages: every part of the request, and every way to get it wrong."""

import json
from typing import Any

import pytest
from gateway.problems import Problem
from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.router import Match, Router

from tests.examples.contracts import headrace_contract

ROUTER = Router(endpoints_of(headrace_contract()))
ORDER_ID = "0190b3a1-0000-7000-8000-000000000000"
LINE = {"sku": "a", "quantity": 1, "unit_price_minor": 0}


def _read(
    http_method: str, target: str, body: Any = None, headers: dict[str, str] | None = None, raw: bytes = b""
) -> Any:
    path, _, query = target.partition("?")
    match = ROUTER.match(http_method, path.encode())
    assert isinstance(match, Match)
    pairs = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    payload = raw if body is None else json.dumps(body).encode()
    return match.endpoint.reader.read(match.path_parameters, query.encode(), pairs, payload)


def _broken(*args: Any, **kwargs: Any) -> set[tuple[str, str]]:
    with pytest.raises(Problem) as refused:
        _read(*args, **kwargs)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_REQUEST")
    return {(violation.field, violation.rule) for violation in refused.value.violations}


def test_body_fields() -> None:
    message = _read("POST", "/api/orders/add", {"currency": "EUR", "lines": [LINE]})
    assert (message.currency, message.lines[0].sku, message.lines[0].HasField("unit_price_minor")) == ("EUR", "a", True)
    assert not message.HasField("idempotency_key")


def test_query_parameters() -> None:
    message = _read("GET", "/api/orders?page_size=100&status=done&page_token=a%2Bb")
    assert (message.page_size, message.status, message.page_token) == (100, 2, "a+b")


def test_path_and_header() -> None:
    message = _read("PATCH", f"/api/v1/orders/{ORDER_ID}", {"status": "cancelled"}, {"If-Match": '"7"'})
    assert (message.order_id, message.status, list(message.expected_versions)) == (ORDER_ID, 3, [7])


def test_a_field_in_both_path_and_body_must_agree() -> None:
    path = f"/api/v1/orders/{ORDER_ID}"
    assert _read("PATCH", path, {"status": "done", "order_id": ORDER_ID}).order_id == ORDER_ID
    assert _broken("PATCH", path, {"status": "done", "order_id": "x"}) == {("order_id", "body.conflict")}


def test_an_empty_body_is_an_empty_object() -> None:
    assert not _read("POST", "/api/users/ext").HasField("token")


def test_null_is_absent() -> None:
    assert not _read("POST", "/api/users/ext", {"token": None}).HasField("token")
    assert ("currency", "required") in _broken("POST", "/api/orders/add", {"currency": None, "lines": [LINE]})


@pytest.mark.parametrize(
    ("quantity", "rule"),
    [
        (1.5, "json.type"),
        ("1", "json.type"),
        (True, "json.type"),
        ([], "json.type"),
        (2**31, "json.range"),
        (10_001, "int32.gte_lte"),
        (0, "int32.gte_lte"),
        (-1, "int32.gte_lte"),
    ],
)
def test_integers_are_not_coerced(quantity: Any, rule: str) -> None:
    body = {"currency": "EUR", "lines": [LINE | {"quantity": quantity}]}
    assert _broken("POST", "/api/orders/add", body) == {("lines[0].quantity", rule)}


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ({"currency": 5, "lines": [LINE]}, {("currency", "json.type")}),
        ({"currency": "EUR", "lines": LINE}, {("lines", "json.type")}),
        ({"currency": "EUR", "lines": ["a"]}, {("lines[0]", "json.type")}),
        ({"currency": "EUR", "lines": [LINE], "idempotency_key": "k"}, {("idempotency_key", "json.unknown_field")}),
        ({"currency": "EUR", "lines": [LINE | {"price": 1}]}, {("lines[0].price", "json.unknown_field")}),
        ({"currency": "\ud800", "lines": [LINE]}, {("currency", "string.utf8")}),
    ],
)
def test_malformed_bodies(body: Any, broken: set[tuple[str, str]]) -> None:
    assert _broken("POST", "/api/orders/add", body) == broken


@pytest.mark.parametrize(
    ("query", "broken"),
    [
        ("page_size=ten", {("page_size", "query.type")}),
        ("page_size=", {("page_size", "query.type")}),
        ("page_size=+5", {("page_size", "query.type")}),
        ("page_size=101", {("page_size", "int32.gte_lte")}),
        ("page_size=1&page_size=2", {("page_size", "query.duplicate")}),
        ("status=unspecified", {("status", "enum.not_in")}),
        ("status=DONE", {("status", "enum.defined_only")}),
        ("limit=5", {("limit", "query.unknown_parameter")}),
        ("page_token=%ff", {("query", "query.utf8")}),
        ("a&" * 101, {("query", "query.max_fields")}),
    ],
)
def test_malformed_queries(query: str, broken: set[tuple[str, str]]) -> None:
    assert _broken("GET", f"/api/orders?{query}") == broken


def test_times_in_a_query() -> None:
    message = _read("GET", "/api/audit/events?since=1970-01-01T01:00:00%2B01:00&until=2026-11-23T10:00:00.5Z")
    assert message.HasField("since")  # the beginning of 1970 is a time, too
    assert (message.since.seconds, message.until.nanos) == (0, 500_000_000)


@pytest.mark.parametrize(
    ("query", "broken"),
    [
        ("since=yesterday", {("since", "timestamp.format")}),
        ("since=2026-11-23T10:00:00+01:00", {("since", "timestamp.format")}),
        ("until=0000-01-01T00:00:00Z", {("until", "timestamp.range")}),
        ("since=2026-11-23T10:00:00Z&since=2026-11-23T10:00:00Z", {("since", "query.duplicate")}),
        ("since.seconds=1", {("since.seconds", "query.unknown_parameter")}),
    ],
)
def test_malformed_times(query: str, broken: set[tuple[str, str]]) -> None:
    assert _broken("GET", f"/api/audit/events?{query}") == broken


@pytest.mark.parametrize(
    ("tags", "versions"),
    [
        ('"7"', [7]),
        ('"7-gzip"', [7]),
        ('"9", "7","8-gzip", "7"', [7, 8, 9]),
        ("*", []),
        # Well-formed, and never the tag of a version: the service is asked, for there may be no such order.
        ('W/"7"', [0]),
        ('"seven"', [0]),
        ('"0"', [0]),
        ("", [0]),
        ('"7", W/"8", "9x"', [7]),
    ],
)
@pytest.mark.parametrize(("http_method", "body"), [("PATCH", {"status": "done"}), ("DELETE", None)])
def test_entity_tags(http_method: str, body: Any, tags: str, versions: list[int]) -> None:
    message = _read(http_method, f"/api/v1/orders/{ORDER_ID}", body, {"If-Match": tags})
    assert list(message.expected_versions) == versions


@pytest.mark.parametrize("tags", ["7", "abc", '"', '"7', "*, *", '"7", *', 'w/"7"', '"7" "8"'])
def test_malformed_entity_tags(tags: str) -> None:
    broken = _broken("PATCH", f"/api/v1/orders/{ORDER_ID}", {"status": "done"}, {"If-Match": tags})
    assert broken == {("If-Match", "header.format")}


def test_more_entity_tags_than_a_client_can_have_seen() -> None:
    tags = ", ".join(f'"{version}"' for version in range(1, 102))
    assert _broken("DELETE", f"/api/v1/orders/{ORDER_ID}", headers={"If-Match": tags}) == {
        ("If-Match", "repeated.max_items")
    }


def test_versions_come_from_the_header_alone() -> None:
    path = f"/api/v1/orders/{ORDER_ID}"
    assert _broken("PATCH", path, {"status": "done", "expected_versions": [1]}) == {
        ("expected_versions", "json.unknown_field")
    }
    assert _broken("DELETE", path + "?expected_versions=1") == {("expected_versions", "query.unknown_parameter")}


def test_a_body_where_none_belongs() -> None:
    assert _broken("GET", "/api/orders", raw=b"{}") == {("body", "body.not_allowed")}


def test_queries_where_the_body_has_the_fields() -> None:
    assert _broken("POST", "/api/users/ext?token=a") == {("token", "query.unknown_parameter")}


def test_all_that_is_wrong_is_named_at_once() -> None:
    broken = _broken("POST", "/api/orders/add?x=1", {"lines": [], "y": 1}, {"Idempotency-Key": "é"})
    assert broken == {
        ("x", "query.unknown_parameter"),
        ("y", "json.unknown_field"),
        ("currency", "required"),
        ("lines", "repeated.min_items"),
        ("Idempotency-Key", "string.pattern"),
    }


@pytest.mark.parametrize(
    "raw",
    [
        b'{"lines":[' + b",".join([b"0"] * 400) + b"]}",
        b'{"lines":[' + b",".join([b'{"a":1}'] * 200) + b"]}",
        b"{" + b",".join(b'"%x":1' % i for i in range(150)) + b"}",
    ],
)
def test_only_the_first_violations_of_a_body_are_reported(raw: bytes) -> None:
    with pytest.raises(Problem) as refused:
        _read("POST", "/api/orders/add", raw=raw)

    # Each violation costs microseconds of the shared event loop, and the first hundred are enough for a person.
    assert len(refused.value.violations) == 100


def test_a_name_as_long_as_the_body_is_not_repeated_in_full() -> None:
    with pytest.raises(Problem) as refused:
        _read("POST", "/api/orders/add", raw=b'{"' + b"a" * 1_000_000 + b'":1}')

    assert len(refused.value.body("title", "request-1")) < 2_000
