"""Malformed requests: each gets a clear refusal, none a 5xx, and the gateway keeps serving."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.raw_http import RawResponse, exchange, json_request, request_bytes
from tests.e2e.shapes import PROBLEM_FIELDS, assert_success

MIB = 1024 * 1024
JSON = (b"Content-Type", b"application/json")


def assert_raw_problem(response: RawResponse, status: int, code: str) -> None:
    assert response.status == status, response
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    problem = response.json()
    assert set(problem) == PROBLEM_FIELDS
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == response.headers["x-request-id"]


def flood(count: int) -> list[tuple[bytes, bytes]]:
    """Returns this many header fields, including those of every request."""
    return [(f"X-Flood-{number}".encode(), b"1") for number in range(count - 2)]


def test_hundred_header_fields_are_accepted(api: Api) -> None:
    assert exchange(api.url, request_bytes("GET", b"/openapi.json", flood(100))).status == 200


@pytest.mark.parametrize("count", [101, 200, 400])
def test_more_than_a_hundred_header_fields_are_refused(api: Api, count: int) -> None:
    response = exchange(api.url, request_bytes("GET", b"/openapi.json", flood(count)))
    assert_raw_problem(response, 431, "HEADERS_TOO_LARGE")


def test_fifteen_kib_of_header_fields_are_accepted(api: Api) -> None:
    response = exchange(api.url, request_bytes("GET", b"/openapi.json", [(b"X-Long", b"x" * 15 * 1024)]))
    assert response.status == 200


@pytest.mark.parametrize("size_kib", [17, 24])
def test_more_than_sixteen_kib_of_header_fields_are_refused(api: Api, size_kib: int) -> None:
    response = exchange(api.url, request_bytes("GET", b"/openapi.json", [(b"X-Long", b"x" * size_kib * 1024)]))
    assert_raw_problem(response, 431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("size_kib", [64, 1024])
def test_megabyte_of_header_fields_is_refused_unread(api: Api, size_kib: int) -> None:
    lines = [(f"X-{number}".encode(), b"x" * 1000) for number in range(size_kib)]
    response = exchange(api.url, request_bytes("GET", b"/openapi.json", lines))
    assert_raw_problem(response, 431, "HEADERS_TOO_LARGE")


def test_body_with_a_content_length_over_the_limit_is_refused_unread(api: Api) -> None:
    headers = [JSON, (b"Content-Length", str(MIB + 1).encode())]
    response = exchange(api.url, request_bytes("POST", b"/api/users/log", headers))
    assert_raw_problem(response, 413, "BODY_TOO_LARGE")


def test_chunked_body_over_the_limit_is_refused(api: Api) -> None:
    head = request_bytes("POST", b"/api/users/log", [JSON, (b"Transfer-Encoding", b"chunked")])
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    response = exchange(api.url, head, *[chunk] * 17, b"0\r\n\r\n")
    assert_raw_problem(response, 413, "BODY_TOO_LARGE")


def test_chunked_body_is_accepted(api: Api, alice: Account) -> None:
    headers = [JSON, (b"Transfer-Encoding", b"chunked"), (b"Authorization", b"Bearer " + alice.token.encode())]
    head = request_bytes("POST", b"/api/users/ext", headers)
    assert exchange(api.url, head, b"2\r\n{}\r\n0\r\n\r\n").status == 200


def test_bytes_after_the_content_length_are_not_part_of_the_body(api: Api) -> None:
    headers = [JSON, (b"Content-Length", b"5")]
    response = exchange(api.url, request_bytes("POST", b"/api/users/log", headers, b'{"email": "ada@example.com"}'))
    assert response.status == 400


@pytest.mark.parametrize("value", [b"abc", b"-5", b"1.5", b"0x10", b"5, 6", b"9" * 40, b""])
def test_invalid_content_length_is_refused(api: Api, value: bytes) -> None:
    request = request_bytes("POST", b"/api/users/log", [JSON, (b"Content-Length", value)], b"{}   ")
    assert_raw_problem(exchange(api.url, request), 400, "MALFORMED_REQUEST")


def test_two_content_lengths_are_refused(api: Api) -> None:
    headers = [JSON, (b"Content-Length", b"2"), (b"Content-Length", b"3")]
    response = exchange(api.url, request_bytes("POST", b"/api/users/log", headers, b"{} "))
    assert_raw_problem(response, 400, "MALFORMED_REQUEST")


MALFORMED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "words": b"hello there\r\n\r\n",
    "no version": b"GET /openapi.json\r\n\r\n",
    "a header without colon": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nrubbish\r\n\r\n",
    "NUL in a header": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nX-A: \x00\r\n\r\n",
    "no host": b"GET /openapi.json HTTP/1.1\r\nConnection: close\r\n\r\n",
    "a space in the path": b"GET /open api.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("request_text", MALFORMED.values(), ids=MALFORMED)
def test_bytes_that_are_not_http_are_refused(api: Api, request_text: bytes) -> None:
    assert_raw_problem(exchange(api.url, request_text), 400, "MALFORMED_REQUEST")


TARGETS = [
    b"/api/orders?a=%",
    b"/api/orders?%00=1",
    b"/api/orders/%",
    b"/api/v1/orders/\xff\xfe",
    b"/?" + b"a" * 12_000,
    b"*",
]


@pytest.mark.parametrize("target", [*TARGETS, b"/api/v1/orders/" + b"x" * 12_000], ids=repr)
def test_malformed_request_target_is_refused(api: Api, alice: Account, target: bytes) -> None:
    headers = [(b"Authorization", b"Bearer " + alice.token.encode())]
    response = exchange(api.url, request_bytes("GET", target, headers))
    assert_raw_problem(response, response.status, response.json()["code"])
    assert 400 <= response.status < 500


def test_absolute_url_as_request_target_is_accepted(api: Api, alice: Account) -> None:
    headers = [(b"Authorization", b"Bearer " + alice.token.encode())]
    assert exchange(api.url, request_bytes("GET", b"http://elsewhere/api/orders", headers)).status == 200


@pytest.mark.parametrize("target", [b"elsewhere:443", b"/api/orders"])
def test_gateway_refuses_to_act_as_a_proxy(api: Api, target: bytes) -> None:
    assert_raw_problem(exchange(api.url, request_bytes("CONNECT", target)), 501, "NOT_IMPLEMENTED")


@pytest.mark.parametrize("name", [b"Authorization", b"Idempotency-Key", b"If-Match"])
def test_duplicate_singleton_header_is_refused(api: Api, alice: Account, name: bytes) -> None:
    body = b'{"currency": "EUR", "lines": [{"sku": "pen", "quantity": 1, "unit_price_minor": 1}]}'
    headers = [(b"Authorization", b"Bearer " + alice.token.encode()), (name, b"first"), (name, b'"second"')]
    response = exchange(api.url, json_request("POST", b"/api/orders/add", body, *headers))
    expected = {b"Authorization": {400, 401}, b"Idempotency-Key": {400}, b"If-Match": {400, 412}}
    assert response.status in expected[name]


def test_gateway_still_serves_after_all_malformed_requests(api: Api, alice: Account) -> None:
    assert_success(api.call("GetUser", token=alice.token), 200)
