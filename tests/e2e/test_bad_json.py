"""Bodies that are not JSON, or not the JSON of the contract.

Every body on every route is tried in process (tests/unit/gateway/transcoding/test_malformed_bodies.py); here each body
and each route is tried once.
"""

from collections.abc import Callable
from itertools import cycle

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import BODY_BINDINGS, PATH_IDS, ROWS, Style
from tests.e2e.shapes import assert_invalid, assert_success
from tests.examples.malformed_json import MALFORMED_JSON

#: Each malformed body once, on the routes in turn: there are more bodies than routes.
CASES = [
    pytest.param(rpc, style, body, id=f"{name} to {ROWS[rpc][style]}")
    for (name, body), (rpc, style) in zip(MALFORMED_JSON.items(), cycle(BODY_BINDINGS), strict=False)
]


def test_cases_cover_every_route_with_a_body() -> None:
    assert len(CASES) == len(MALFORMED_JSON) >= len(BODY_BINDINGS)


@pytest.mark.parametrize(("rpc", "style", "body"), CASES)
def test_malformed_body_is_refused(
    api: Api, token_for: Callable[[str], str], rpc: str, style: Style, body: bytes
) -> None:
    path, _ = ROWS[rpc][style].fill(PATH_IDS)
    assert_invalid(api.send(ROWS[rpc][style].verb, path, content=body, token=token_for(rpc)))


ORDER = b'{"currency": "EUR", "lines": [{"sku": "pen", "quantity": 1, "unit_price_minor": 1}]}'
TWICE = {
    "currency": ORDER.replace(b'{"currency"', b'{"currency": "USD", "currency"'),
    "lines": ORDER[:-1] + b', "lines": []}',
    "lines[0].quantity": ORDER.replace(b'"quantity": 1', b'"quantity": 1, "quantity": 1'),
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE)
def test_duplicate_field_is_refused_at_any_depth(api: Api, style: Style, alice: Account, body: bytes) -> None:
    binding = ROWS["CreateOrder"][style]
    assert_invalid(api.send(binding.verb, binding.path, content=body, token=alice.token))


@pytest.mark.parametrize("rewrite", [b"  \r\n\t%b\n ", b"%b"])
def test_white_space_around_a_body_is_accepted(api: Api, style: Style, alice: Account, rewrite: bytes) -> None:
    binding = ROWS["CreateOrder"][style]
    assert_success(api.send(binding.verb, binding.path, content=rewrite % ORDER, token=alice.token), 201)


def test_escapes_in_names_and_values_are_decoded(api: Api, alice: Account) -> None:
    body = ORDER.replace(b'"pen"', b'"\\ud83e\\udd80\\u0070\\/"').replace(b'"currency"', b'"\\u0063urrency"')
    response = api.send("POST", "/api/orders/add", content=body, token=alice.token)
    assert_success(response, 201)
    assert response.json()["lines"][0]["sku"] == "🦀p/"
