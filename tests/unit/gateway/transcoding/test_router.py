"""Routing by the contract's path templates."""

import pytest
from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.path_template import Segment, parse_template
from gateway.transcoding.router import Match, OtherMethods, Router
from hypothesis import given
from hypothesis import strategies as st
from service_kit.contract import ContractError

from tests.examples.contracts import headrace_contract

ENDPOINTS = list(endpoints_of(headrace_contract()))
ROUTER = Router(ENDPOINTS)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.http_method} {endpoint.path}")
def test_every_endpoint_is_found_by_its_own_path(endpoint: object) -> None:
    segments = parse_template(endpoint.path)  # type: ignore[attr-defined]
    path = "".join("/" + (f"<{segment.text}>" if segment.is_variable else segment.text) for segment in segments)

    match = ROUTER.match(endpoint.http_method, path)  # type: ignore[attr-defined]

    assert isinstance(match, Match)
    assert match.endpoint is endpoint
    assert match.path_parameters == {s.text: f"<{s.text}>" for s in segments if s.is_variable}


def test_literals_go_before_variables() -> None:
    match = ROUTER.match("DELETE", "/api/v1/sessions/current")
    assert isinstance(match, Match)
    assert match.endpoint.method.name == "Logout"


def test_a_variable_is_tried_where_the_literal_leads_nowhere() -> None:
    match = ROUTER.match("GET", "/api/v1/users/me")
    assert isinstance(match, Match)
    assert (match.endpoint.method.name, match.path_parameters) == ("GetUser", {"user_id": "me"})


def test_head_is_served_wherever_get_is() -> None:
    assert isinstance(ROUTER.match("HEAD", "/api/orders"), Match)
    assert ROUTER.match("HEAD", "/api/orders/add") == OtherMethods(("POST",))


def test_the_other_methods_of_a_path() -> None:
    assert ROUTER.match("PUT", "/api/v1/orders") == OtherMethods(("GET", "HEAD", "POST"))


@pytest.mark.parametrize(
    "path", ["/", "", "/api", "/api/v1/orders/", "/api/v1/orders/a/b", "/API/orders", "//api/orders"]
)
def test_no_such_path(path: str) -> None:
    assert ROUTER.match("GET", path) is None


@given(st.text(max_size=80), st.sampled_from(["GET", "POST", "PURGE", ""]))
def test_any_path_has_an_answer(path: str, http_method: str) -> None:
    assert isinstance(ROUTER.match(http_method, "/api/v1/" + path), Match | OtherMethods | None)


def test_two_endpoints_of_one_path_are_refused() -> None:
    with pytest.raises(ContractError, match="bound to"):
        Router([*ENDPOINTS, ENDPOINTS[0]])


def test_templates() -> None:
    assert parse_template("/a/{b_c}") == (Segment("a", is_variable=False), Segment("b_c", is_variable=True))


@pytest.mark.parametrize("template", ["a", "/a/{b=**}", "/a/*", "/a/{B}", "/a//b", "/a b", "/a:verb"])
def test_templates_that_we_do_not_serve(template: str) -> None:
    with pytest.raises(ContractError):
        parse_template(template)
