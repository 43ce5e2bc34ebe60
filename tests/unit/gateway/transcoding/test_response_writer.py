"""Response messages into HTTP responses."""

import json
from typing import Any
from urllib.parse import unquote

from gateway.transcoding.endpoint import Endpoint, endpoints_of
from gateway.transcoding.response_writer import Grant
from hypothesis import given
from hypothesis import strategies as st

from tests.examples.contracts import headrace_contract

ENDPOINTS: dict[str, Endpoint] = {}
for _endpoint in endpoints_of(headrace_contract()):
    ENDPOINTS.setdefault(_endpoint.method.name, _endpoint)


def _response(name: str, **fields: Any) -> Any:
    endpoint = ENDPOINTS[name]
    return endpoint.writer.write(endpoint.method.response_class(**fields))


def test_part_of_a_message_as_the_answer_with_its_headers() -> None:
    response = _response("CreateOrder", order={"order_id": "o", "version": 1, "status": 1}, order_id="o")

    headers = dict(response.headers)
    assert response.status == 201
    assert headers[b"location"] == b"/api/v1/orders/o"
    assert headers[b"etag"] == b'"1"'
    assert b"idempotency-replayed" not in headers
    assert headers[b"content-length"] == b"%d" % len(response.body)
    assert json.loads(response.body) == {
        "order_id": "o",
        "user_id": "",
        "currency": "",
        "lines": [],
        "total_minor": 0,
        "status": "processing",
        "version": 1,
    }


def test_a_true_flag_as_a_header() -> None:
    assert dict(_response("CreateOrder", replayed=True).headers)[b"idempotency-replayed"] == b"true"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_a_header(text: str) -> None:
    location = dict(_response("CreateOrder", order_id=text).headers).get(b"location", b"/api/v1/orders/")
    assert all(0x21 <= byte <= 0x7E for byte in location)
    assert unquote(location.removeprefix(b"/api/v1/orders/").decode()) == text


def test_no_content() -> None:
    response = _response("DeleteOrder")
    assert (response.status, response.body, response.headers) == (204, b"", [])


def test_optional_fields_are_printed_only_when_set() -> None:
    assert json.loads(_response("ExtractToken").body) == {"active": False}
    assert json.loads(_response("ExtractToken", active=True, role=2).body) == {"active": True, "role": "admin"}


def test_a_session_is_granted_apart_from_the_body() -> None:
    response = _response("Login", token_type="Bearer", session={"session_key": "k", "max_age_s": 60})

    assert response.grant == Grant("k", 60)
    assert b'"k"' not in response.body
    assert dict(response.headers)[b"cache-control"] == b"no-store"
    assert ENDPOINTS["Login"].writer.secret


def test_public_answers_may_be_cached() -> None:
    assert dict(_response("GetKeySet").headers)[b"cache-control"] == b"public, max-age=600"


def test_what_administrators_see_is_kept_nowhere() -> None:
    assert dict(_response("ListAuditEvents").headers)[b"cache-control"] == b"no-store"


def test_a_map_is_an_object_with_its_names_in_order() -> None:
    body = _response("ListAuditEvents", events=[{"detail": {"session_id": "s", "counter": "2"}}, {}]).body

    events = json.loads(body)["events"]
    assert [event["detail"] for event in events] == [{"counter": "2", "session_id": "s"}, {}]
    assert body.index(b"counter") < body.index(b"session_id")


@given(st.integers(0, 4_000_000_000), st.integers(0, 999_999))
def test_timestamps_are_rfc_3339_in_utc(seconds: int, micros: int) -> None:
    body = json.loads(_response("GetUser", user={"created_at": {"seconds": seconds, "nanos": micros * 1000}}).body)

    text = body["created_at"]
    assert text.endswith("Z")
    assert (f".{micros:06d}" in text) == (micros > 0)


def test_large_integers_are_exact_numbers() -> None:
    assert b'"total_minor":9007199254740991' in _response("GetOrder", order={"total_minor": 2**53 - 1}).body


def test_personal_answers_are_kept_only_where_they_can_be_revalidated() -> None:
    assert dict(_response("GetOrder").headers)[b"cache-control"] == b"private, no-cache"
    for name in ("GetUser", "ListOrders", "ListSessions"):
        assert dict(_response(name).headers)[b"cache-control"] == b"no-store"


def test_a_value_that_the_service_does_not_know_is_shown_as_it_is_stored() -> None:
    shown = json.loads(_response("GetOrder", order={"raw_status": "shipped"}).body)
    assert shown["status"] == "shipped"
    assert "raw_status" not in shown
    listed = json.loads(_response("ListAuditEvents", events=[{"raw_kind": "email_changed"}, {"kind": 2}]).body)
    assert [event["kind"] for event in listed["events"]] == ["email_changed", "logged_in"]


def test_a_value_that_the_gateway_does_not_know_is_shown_by_its_number() -> None:
    assert json.loads(_response("GetOrder", order={"status": 99}).body)["status"] == "99"
