"""Page tokens."""

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from service_kit.request.page_tokens import PageTokenInvalidError, decode_page_token, encode_page_token

LIST = "orders of Ada"


@given(st.binary(max_size=40), st.text(max_size=40))
def test_page_token_decodes_to_its_position(position: bytes, list_name: str) -> None:
    token = encode_page_token(position, list_name)
    assert decode_page_token(token, list_name) == position
    assert "=" not in token


@given(st.binary(min_size=1, max_size=40))
def test_page_token_of_another_list_is_refused(position: bytes) -> None:
    with pytest.raises(PageTokenInvalidError) as caught:
        decode_page_token(encode_page_token(position, LIST), LIST + " and Bob")
    assert [violation.field for violation in caught.value.violations] == ["page_token"]


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda content: base64.urlsafe_b64encode(content).decode()))
def test_malformed_page_token_is_refused(token: str) -> None:
    with pytest.raises(PageTokenInvalidError):
        decode_page_token(token, LIST)


@given(st.integers(0, 31), st.sampled_from("AZaz09-_=+/ \n.é"))
def test_page_token_with_one_character_changed_is_refused(place: int, character: str) -> None:
    token = encode_page_token(b"p" * 16, LIST)
    assume(token[place] != character)
    for changed in (token[:place] + character + token[place + 1 :], token[:place] + "\n" + token[place:], token + "="):
        with pytest.raises(PageTokenInvalidError):
            decode_page_token(changed, LIST)
