"""Arbitrary input never causes a 5xx, and every refusal is a problem document."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.accounts import Account, register
from tests.e2e.api import Api
from tests.e2e.bindings import BODY_BINDINGS, PATH_IDS, ROWS, Style
from tests.e2e.orders import order_fields
from tests.e2e.shapes import assert_common_headers, assert_problem

EXAMPLES = settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
OUR_NAMES = st.sampled_from(
    (
        *("email", "name", "password", "token", "current_password", "new_password", "order_id", "user_id", "status"),
        *("currency", "lines", "sku", "quantity", "unit_price_minor", "session_id", "idempotency_key"),
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(OUR_NAMES | st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)


def assert_answered(response: Any) -> None:
    assert response.status_code < 500, response.text
    assert_common_headers(response)
    if response.status_code >= 400:
        assert_problem(response, response.status_code)


@pytest.fixture(scope="module")
def dummy(api: Api) -> Account:
    """A user that the tests may damage."""
    return register(api)


@pytest.mark.parametrize(("rpc", "style"), BODY_BINDINGS)
def test_any_json_body_gets_a_success_or_a_problem(
    api: Api, dummy: Account, admin: Account, rpc: str, style: Style
) -> None:
    path, _ = ROWS[rpc][style].fill(PATH_IDS)
    token = (admin if ROWS[rpc].admin else dummy).token

    @EXAMPLES
    @given(JSON)
    def check(body: Any) -> None:
        assert_answered(api.send(ROWS[rpc][style].verb, path, json_body=body, token=token))

    check()


@pytest.mark.parametrize(("rpc", "style"), BODY_BINDINGS)
def test_any_bytes_get_a_success_or_a_problem(api: Api, dummy: Account, admin: Account, rpc: str, style: Style) -> None:
    path, _ = ROWS[rpc][style].fill(PATH_IDS)
    token = (admin if ROWS[rpc].admin else dummy).token

    @EXAMPLES
    @given(st.binary(max_size=200))
    def check(content: bytes) -> None:
        assert_answered(api.send(ROWS[rpc][style].verb, path, content=content, token=token))

    check()


def mutations(value: Any) -> Iterator[Any]:
    """Generates the value with one leaf or branch replaced by a mark."""
    yield ...
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: changed} for changed in mutations(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], changed, *value[index + 1 :]] for changed in mutations(inner))


def filled(value: Any, replacement: Any) -> Any:
    """Returns the value with the mark replaced."""
    if value is ...:
        return replacement
    if isinstance(value, dict):
        return {name: filled(inner, replacement) for name, inner in value.items()}
    return [filled(inner, replacement) for inner in value] if isinstance(value, list) else value


def test_order_with_any_value_in_any_field_gets_a_success_or_a_problem(api: Api, dummy: Account) -> None:
    @settings(EXAMPLES, max_examples=150)
    @given(st.sampled_from(list(mutations(order_fields()))), JSON)
    def check(pattern: Any, replacement: Any) -> None:
        body = filled(pattern, replacement)
        assert_answered(api.send("POST", "/api/orders/add", json_body=body, token=dummy.token))

    check()
