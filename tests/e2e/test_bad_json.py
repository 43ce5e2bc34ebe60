"""Bodies that are no JSON, or not the JSON of the contract."""

from collections.abc import Callable

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import BODY_BINDINGS, PATH_IDS, ROWS, Style
from tests.e2e.shapes import assert_invalid, assert_success

NO_JSON = {
    "an open brace": b"{",
    "a wrong bracket": b"{]",
    "words": b"email=ada&password=x",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a string": b'"x"',
    "true": b"true",
    "two objects": b"{} {}",
    "text after the object": b"{}x",
    "single quotes": b"{'email': 'x'}",
    "a comma too many": b'{"email": "x",}',
    "a comment": b'{"email": "x" /* y */}',
    "no quotes": b'{email: "x"}',
    "NaN": b'{"email": NaN}',
    "infinity": b'{"email": -Infinity}',
    "a control character": b'{"email": "a\x01b"}',
    "a bad escape": b'{"email": "\\x41"}',
    "a leading zero": b'{"email": 01}',
    "no UTF-8": b'{"email": "\xff\xfe"}',
    "an overlong encoding": b'{"email": "\xc0\x80"}',
    "a surrogate in UTF-8": b'{"email": "\xed\xa0\x80"}',
    "UTF-16": '{"email": "x"}'.encode("utf-16"),
    "a lone surrogate": b'{"email": "\\ud800"}',
    "a lone surrogate in a name": b'{"\\ud800": 1}',
    "a NUL escaped": b'{"email": "a\\u0000b"}',
    "a NUL": b'{"email": "x"}\x00',
    "a NUL in a name": b'{"a\\u0000b": 1}',
    "an unknown field": b'{"nothing_of_ours": 1}',
    "a field without name": b'{"": 1}',
    "a field twice": b'{"x": 1, "x": 1}',
    "33 lists deep": b'{"x": ' + b"[" * 32 + b"]" * 32 + b"}",
    "33 objects deep": b'{"x": ' * 33 + b"1" + b"}" * 33,
    "3000 lists deep": b"[" * 3_000,
    "3000 objects deep": b'{"x":' * 3_000,
    "5000 empty lists": b'{"x": [' + b"[]," * 5_000 + b"[]]}",
    "2000 empty names": b"{" + b'"":1,' * 2_000 + b'"":1}',
    "a number of 10000 digits": b'{"x": ' + b"9" * 10_000 + b"}",
    "a number past every float": b'{"x": 1e999999}',
    "a long exponent": b'{"x": 1e' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize(("rpc", "style"), BODY_BINDINGS)
def test_is_refused(api: Api, token_for: Callable[[str], str], rpc: str, style: Style, body: bytes) -> None:
    path, _ = ROWS[rpc][style].fill(PATH_IDS)
    assert_invalid(api.send(ROWS[rpc][style].verb, path, content=body, token=token_for(rpc)))


ORDER = b'{"currency": "EUR", "lines": [{"sku": "pen", "quantity": 1, "unit_price_minor": 1}]}'
TWICE = {
    "currency": ORDER.replace(b'{"currency"', b'{"currency": "USD", "currency"'),
    "lines": ORDER[:-1] + b', "lines": []}',
    "lines[0].quantity": ORDER.replace(b'"quantity": 1', b'"quantity": 1, "quantity": 1'),
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE)
def test_a_field_twice_is_refused_at_any_depth(api: Api, style: Style, alice: Account, body: bytes) -> None:
    binding = ROWS["CreateOrder"][style]
    assert_invalid(api.send(binding.verb, binding.path, content=body, token=alice.token))


@pytest.mark.parametrize("rewrite", [b"  \r\n\t%b\n ", b"%b"])
def test_white_space_is_free(api: Api, style: Style, alice: Account, rewrite: bytes) -> None:
    binding = ROWS["CreateOrder"][style]
    assert_success(api.send(binding.verb, binding.path, content=rewrite % ORDER, token=alice.token), 201)


def test_escapes_are_text(api: Api, alice: Account) -> None:
    body = ORDER.replace(b'"pen"', b'"\\ud83e\\udd80\\u0070\\/"').replace(b'"currency"', b'"\\u0063urrency"')
    response = api.send("POST", "/api/orders/add", content=body, token=alice.token)
    assert_success(response, 201)
    assert response.json()["lines"][0]["sku"] == "🦀p/"
