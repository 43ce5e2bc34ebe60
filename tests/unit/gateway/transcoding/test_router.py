"""Routing by the contract's path templates."""

from contextlib import suppress
from typing import cast
from urllib.parse import quote, unquote

import pytest
from gateway.transcoding.endpoint import Endpoint, endpoints_of
from gateway.transcoding.path_segments import PathError
from gateway.transcoding.path_template import Segment, parse_template
from gateway.transcoding.router import Match, OtherMethods, Router
from hypothesis import given
from hypothesis import strategies as st
from service_kit.contract import ContractError

from tests.examples.contracts import headrace_contract
from tests.unit.gateway.asgi import FakeEndpoint, FakeMethod, policy

ENDPOINTS = list(endpoints_of(headrace_contract()))
ROUTER = Router(ENDPOINTS)


def fake(http_method: str, path: str) -> Endpoint:
    return cast("Endpoint", FakeEndpoint(FakeMethod(policy()), path, http_method))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.http_method} {endpoint.path}")
def test_every_endpoint_is_found_by_its_own_path(endpoint: object) -> None:
    segments = parse_template(endpoint.path)  # type: ignore[attr-defined]
    path = "".join("/" + (f"<{segment.text}>" if segment.is_variable else segment.text) for segment in segments)

    match = ROUTER.match(endpoint.http_method, path.encode())  # type: ignore[attr-defined]

    assert isinstance(match, Match)
    assert match.endpoint is endpoint
    assert match.path_parameters == {s.text: f"<{s.text}>" for s in segments if s.is_variable}


def test_literals_go_before_variables() -> None:
    match = ROUTER.match("DELETE", b"/api/v1/sessions/current")
    assert isinstance(match, Match)
    assert match.endpoint.method.name == "Logout"


def test_a_variable_is_tried_where_the_literal_leads_nowhere() -> None:
    match = ROUTER.match("GET", b"/api/v1/users/me")
    assert isinstance(match, Match)
    assert (match.endpoint.method.name, match.path_parameters) == ("GetUser", {"user_id": "me"})


def test_head_is_served_wherever_get_is() -> None:
    assert isinstance(ROUTER.match("HEAD", b"/api/orders"), Match)
    assert ROUTER.match("HEAD", b"/api/orders/add") == OtherMethods(("POST",))


def test_the_other_methods_of_a_path() -> None:
    assert ROUTER.match("PUT", b"/api/v1/orders") == OtherMethods(("GET", "HEAD", "POST"))


@pytest.mark.parametrize(
    "path",
    [
        *[b"/", b"", b"*", b"/api", b"/api/v1/orders/", b"/api/v1/orders/a/b", b"/API/orders", b"//api/orders"],
        *[b"/api%2Forders", b"/api/orders%2F", b"/api%252Forders", b"/api/orders;a=b", b"/api/orders%00"],
    ],
)
def test_no_such_path(path: bytes) -> None:
    assert ROUTER.match("GET", path) is None


@pytest.mark.parametrize(
    ("segment", "value"),
    [(b"a%2Fb", "a/b"), (b"%252F", "%2F"), (b"a;b=c", "a;b=c"), (b"%C3%A9", "é"), (b"%6de", "me"), (b"...", "...")],
)
def test_a_segment_is_decoded_once_after_the_path_is_split(segment: bytes, value: str) -> None:
    match = ROUTER.match("GET", b"/api/v1/orders/" + segment)
    assert isinstance(match, Match)
    assert match.path_parameters == {"order_id": value}


def test_a_literal_may_be_percent_encoded() -> None:
    """RFC 3986, 6.2.2.2: `%6d` and `m` are the same."""
    match = ROUTER.match("GET", b"/%61pi/orders")
    assert isinstance(match, Match)
    assert match.endpoint.method.name == "ListOrders"


@pytest.mark.parametrize("segment", [b"%", b"%2", b"%zz", b"%-1", b"%ff", b"%C3", b"\xff"])
@pytest.mark.parametrize("place", [b"/api/v1/orders/%s", b"/%s/api/orders", b"/api/orders/%s", b"/%s"])
def test_refuses_a_path_that_cannot_be_decoded(place: bytes, segment: bytes) -> None:
    with pytest.raises(PathError):
        ROUTER.match("GET", place % segment)


@pytest.mark.parametrize("segment", [b".", b"..", b"%2e", b"%2E.", b"%2e%2e"])
@pytest.mark.parametrize(
    "place", [b"/api/v1/orders/%s", b"/%s/api/orders", b"/api/orders/%s", b"/%s", b"/api/%s/orders"]
)
def test_no_route_matches_a_path_with_dot_segments(place: bytes, segment: bytes) -> None:
    assert ROUTER.match("GET", place % segment) is None


def test_a_literal_path_takes_only_its_own_methods_from_a_variable_one() -> None:
    router = Router([fake("GET", "/users/{user_id}"), fake("DELETE", "/users/{user_id}"), fake("PATCH", "/users/me")])
    for http_method, path, parameters in (
        ("GET", "/users/{user_id}", {"user_id": "me"}),
        ("HEAD", "/users/{user_id}", {"user_id": "me"}),
        ("DELETE", "/users/{user_id}", {"user_id": "me"}),
        ("PATCH", "/users/me", {}),
    ):
        match = router.match(http_method, b"/users/me")
        assert isinstance(match, Match)
        assert (match.endpoint.path, match.path_parameters) == (path, parameters)
    assert router.match("PUT", b"/users/me") == OtherMethods(("DELETE", "GET", "HEAD", "PATCH"))
    assert router.match("PATCH", b"/users/you") == OtherMethods(("DELETE", "GET", "HEAD"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a/{b}", "/a/{c}"),
        ("/a", "/a"),
        ("/a/{b}/c", "/a/b/{c}"),
        ("/{a}/b", "/a/{b}"),
        ("/{a}/{b}/c", "/a/{b}/{c}"),
    ],
)
def test_two_paths_of_which_neither_is_more_specific_are_refused(one: str, other: str) -> None:
    with pytest.raises(ContractError, match=r"GET .* takes requests that .* of thing\.v1"):
        Router([fake("GET", one), fake("GET", other)])
    Router([fake("GET", one), fake("PUT", other)])


def test_a_variable_that_stands_twice_is_refused() -> None:
    with pytest.raises(ContractError, match="variable twice"):
        Router([fake("GET", "/a/{b}/{b}")])


ROUTES = st.lists(
    st.tuples(
        st.sampled_from(["GET", "PUT", "PATCH"]),
        st.lists(st.sampled_from(["a", "b", "{v}"]), min_size=1, max_size=4).map(
            lambda parts: "".join(f"/{part[:-1]}{i}}}" if part == "{v}" else f"/{part}" for i, part in enumerate(parts))
        ),
    ),
    max_size=12,
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "%61", "", "a%2Fb"]), min_size=1, max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)


def _naive(routes: list[tuple[str, str]], http_method: str, path: str) -> tuple[str, ...] | str | None:
    """The template that serves a path: of all that match, the one with the most literals; or the methods allowed."""
    texts = [unquote(text) for text in path[1:].split("/")]
    found: dict[str, list[str]] = {}
    for its_method, template in routes:
        parts = template[1:].split("/")
        if len(parts) == len(texts) and all(
            bool(text) if part.startswith("{") else part == text for part, text in zip(parts, texts, strict=True)
        ):
            found.setdefault(its_method, []).append(template)
    if "GET" in found:
        found["HEAD"] = found["GET"]
    if not found:
        return None
    templates = found.get(http_method)
    return min(templates, key=lambda template: template.count("{")) if templates else tuple(sorted(found))


@given(ROUTES, st.lists(PATHS, min_size=1, max_size=8), st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "POST"]))
def test_every_route_set_is_served_as_a_naive_model_says(
    routes: list[tuple[str, str]], paths: list[str], http_method: str
) -> None:
    served: list[tuple[str, str]] = []
    for route in routes:
        with suppress(ContractError):
            Router(fake(*each) for each in [*served, route])
            served.append(route)
    router = Router(fake(*each) for each in served)
    for path in paths:
        match = router.match(http_method, path.encode())
        answer = match.endpoint.path if isinstance(match, Match) else match.allow if match is not None else None
        assert answer == _naive(served, http_method, path)


@given(st.binary(max_size=80), st.sampled_from(["GET", "POST", "PURGE", ""]))
def test_any_path_has_an_answer(path: bytes, http_method: str) -> None:
    with suppress(PathError):
        assert isinstance(ROUTER.match(http_method, b"/api/v1/" + path), Match | OtherMethods | None)


@given(st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_any_text_can_be_a_segment_once_it_is_encoded(text: str) -> None:
    match = ROUTER.match("GET", b"/api/v1/orders/" + quote(text, safe="").encode())
    assert isinstance(match, Match)
    assert match.path_parameters == {"order_id": text}


def test_templates() -> None:
    assert parse_template("/a/{b_c}") == (Segment("a", is_variable=False), Segment("b_c", is_variable=True))


@pytest.mark.parametrize("template", ["a", "/a/{b=**}", "/a/*", "/a/{B}", "/a//b", "/a b", "/a:verb", "/a/.", "/../a"])
def test_templates_that_we_do_not_serve(template: str) -> None:
    with pytest.raises(ContractError):
        parse_template(template)
