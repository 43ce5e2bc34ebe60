"""Session keys: nobody else can make one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from user_svc.domain.errors import SessionInvalidError
from user_svc.domain.session import new_session_id
from user_svc.domain.session_key import SessionKey, SessionKeySeal

SEAL = SessionKeySeal(b"\x00secret" * 8)
KEY = SessionKey("AbCdEfGhIjKlMnOpQrStUv", 41)


@given(st.binary(min_size=16, max_size=16), st.integers(1, 10**15 - 1))
def test_what_was_sealed_opens(raw: bytes, counter: int) -> None:
    key = SessionKey(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), counter)
    assert SEAL.open(SEAL.seal(key)) == key


def test_has_the_form_of_its_three_parts() -> None:
    session_id, counter, mac = SEAL.seal(KEY).split(".")
    assert (session_id, counter, len(mac)) == (KEY.session_id, "41", 43)
    assert len(SEAL.seal(KEY)) < 100


@given(st.integers(0, 68), st.integers(0, 255))
def test_a_changed_character_is_noticed(position: int, code: int) -> None:
    text = SEAL.seal(KEY)
    changed = text[:position] + chr(code) + text[position + 1 :]
    if changed != text:
        with pytest.raises(SessionInvalidError):
            SEAL.open(changed)


@given(st.text(max_size=120))
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(SessionInvalidError):
        SEAL.open(text)


MAC = SEAL.seal(KEY).rpartition(".")[2]
FORGERIES = {
    "nothing": "",
    "no mac": f"{KEY.session_id}.41.",
    "no counter": f"{KEY.session_id}..{MAC}",
    "counter zero": SEAL.seal(SessionKey(KEY.session_id, 0)),
    "counter padded": f"{KEY.session_id}.041.{MAC}",
    "counter in other digits": f"{KEY.session_id}.\u0664\u0661.{MAC}",
    "counter huge": SEAL.seal(SessionKey(KEY.session_id, 10**15)),
    "counter raised": f"{KEY.session_id}.42.{MAC}",
    "mac of another": f"{new_session_id()}.41.{MAC}",
    "line feed behind": SEAL.seal(KEY) + "\n",
    "space before": " " + SEAL.seal(KEY),
    "padded mac": SEAL.seal(KEY) + "=",
    "other secret": SessionKeySeal(b"another secret of 32 bytes here!").seal(KEY),
}


@pytest.mark.parametrize("text", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused(text: str) -> None:
    with pytest.raises(SessionInvalidError):
        SEAL.open(text)


def test_the_mac_covers_which_part_is_which() -> None:
    assert SEAL.seal(SessionKey("A" * 22, 11)) != SEAL.seal(SessionKey("A" * 21 + "1", 1))


def test_shows_no_secret() -> None:
    assert "secret" not in repr(SEAL)


def test_session_ids_have_128_bits_and_differ() -> None:
    ids = {new_session_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(base64.urlsafe_b64decode(session_id + "==")) == 16 for session_id in ids)
