"""Credentials in the wrong place are kept out of the log, in every spelling."""

from time import process_time
from urllib.parse import quote

import pytest
from gateway.masking import mask_path, mask_text
from hypothesis import given
from hypothesis import strategies as st

KEY = b"A1b2C3d4E5f6G7h8I9j0K_.12." + b"m-_" * 14 + b"m"
TOKEN = b"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0." + b"s" * 86
CREDENTIALS = pytest.mark.parametrize("credential", [KEY, TOKEN], ids=["session key", "token"])


def _each_character(text: bytes) -> bytes:
    return b"".join(b"%%%02x" % character for character in text)


@CREDENTIALS
@pytest.mark.parametrize(
    "around", [b"%b", b"/api/users/sessions/%b", b"session_key=%b; x", b"prefix%b", b"a.%b.b", b"(%b)"]
)
def test_in_a_text(credential: bytes, around: bytes) -> None:
    masked = mask_text(around.replace(b"%b", credential))
    assert credential not in masked
    assert credential[-20:] not in masked


@CREDENTIALS
@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text,
        lambda text: text.replace(b".", b"%2E"),
        lambda text: text.replace(b".", b"%252e"),
        _each_character,
        lambda text: _each_character(_each_character(text)),
        lambda text: quote(b"session_key=" + text, safe="").encode(),
    ],
)
def test_in_a_path(credential: bytes, spell: object) -> None:
    assert callable(spell)
    path = mask_path(b"/api/v1/sessions/" + spell(credential) + b"/x")
    assert path == b"/api/v1/sessions/********/x" or credential not in path
    assert credential[-20:] not in path


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/orders/0190b3a1-0000-7000-8000-000000000000",
        b"/api/users/sessions/A1b2C3d4E5f6G7h8I9j0K_",
        b"/docs/swagger-ui-bundle.js",
        b"/.well-known/jwks.json",
        b"/caf%C3%A9/100%25",
    ],
)
def test_all_else_stays(path: bytes) -> None:
    assert mask_path(path) == path


@given(st.binary(max_size=200))
def test_any_bytes_are_taken(text: bytes) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)
    mask_path(text)


@pytest.mark.parametrize(
    "unit", [b"eyJ", b"a", b"a.", b"A1b2C3d4E5f6G7h8I9j0K_.", b"eyJhbGciOiJF.", b"%", b"%25", b"/"]
)
def test_a_long_path_takes_no_longer_for_its_form(unit: bytes) -> None:
    started = process_time()
    for _ in range(10):
        mask_path(unit * (16_384 // len(unit)))
    # Looking at each run again from each of its characters takes seconds.
    assert process_time() - started < 1
