"""Session keys: only the service can make one, and it contains everything that a renewal relies on."""

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from user_svc.domain.errors import SessionInvalidError
from user_svc.domain.session import new_session_id
from user_svc.domain.session_key import SessionKey, SessionKeySeal

SECRET = b"\x00secret" * 8
SEAL = SessionKeySeal(SECRET)
KEY = SessionKey(
    session_id="AbCdEfGhIjKlMnOpQrStUv",
    counter=41,
    user_id="01890000-0000-7000-8000-00000000ada1",
    password_version=3,
    issued_at_ms=1_800_000_000_000,
    ends_at_ms=1_802_592_000_000,
)
TEXT = SEAL.seal(KEY)
ID, COUNTER, REST = TEXT.split(".")

times = st.integers(0, 2**63 - 1)
keys = st.builds(
    SessionKey,
    session_id=st.binary(min_size=16, max_size=16).map(lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()),
    counter=st.integers(1, 10**15 - 1),
    user_id=st.uuids().map(str),
    password_version=st.integers(1, 2**31),
    issued_at_ms=times,
    ends_at_ms=times,
)


@given(keys)
def test_sealed_key_opens_to_the_same_facts(key: SessionKey) -> None:
    text = SEAL.seal(key)
    assert SEAL.open(text) == key
    assert len(text) <= 130


def test_key_has_three_parts() -> None:
    assert (ID, COUNTER, len(REST)) == (KEY.session_id, "41", 91)


@given(st.integers(0, 116), st.integers(0, 255))
def test_changed_character_is_refused(position: int, code: int) -> None:
    changed = TEXT[:position] + chr(code) + TEXT[position + 1 :]
    if changed != TEXT:
        with pytest.raises(SessionInvalidError):
            SEAL.open(changed)


@given(st.text(max_size=200))
def test_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(SessionInvalidError):
        SEAL.open(text)


CHANGES: dict[str, dict[str, Any]] = {
    "session": {"session_id": new_session_id()},
    "owner": {"user_id": "01890000-0000-7000-8000-00000000b0b2"},
    "counter": {"counter": 42},
    "password version": {"password_version": 4},
    "time of issue": {"issued_at_ms": KEY.issued_at_ms + 1},
    "absolute end": {"ends_at_ms": KEY.ends_at_ms + 1},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_mac_covers_every_fact(change: dict[str, Any]) -> None:
    session_id, counter, rest = SEAL.seal(replace(KEY, **change)).split(".")
    mixed = _encoded(_decoded(rest)[:36] + _decoded(REST)[36:])
    assert mixed != rest
    with pytest.raises(SessionInvalidError):
        SEAL.open(f"{session_id}.{counter}.{mixed}")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


FORGERIES = {
    "nothing": "",
    "no rest": f"{ID}.41.",
    "no counter": f"{ID}..{REST}",
    "counter zero": SEAL.seal(replace(KEY, counter=0)),
    "counter padded": f"{ID}.041.{REST}",
    "counter in other digits": f"{ID}.\u0664\u0661.{REST}",
    "counter huge": SEAL.seal(replace(KEY, counter=10**15)),
    "counter raised": f"{ID}.42.{REST}",
    "rest of another session": f"{new_session_id()}.41.{REST}",
    "a fourth part": f"{TEXT}.{REST}",
    "rest too short": TEXT[:-1],
    "rest too long": TEXT + "A",
    "bits that carry nothing": f"{TEXT[:-1]}{chr(ord(TEXT[-1]) + 1)}",
    "line feed behind": TEXT + "\n",
    "space before": " " + TEXT,
    "padded": TEXT + "=",
    "other secret": SessionKeySeal(b"another secret of 32 bytes here!").seal(KEY),
}


@pytest.mark.parametrize("text", FORGERIES.values(), ids=FORGERIES)
def test_forged_key_is_refused(text: str) -> None:
    with pytest.raises(SessionInvalidError):
        SEAL.open(text)


def test_key_of_the_first_form_is_refused() -> None:
    """Its MAC covers only id and counter: the owner came from the store."""
    mac = hmac.digest(SECRET, f"headrace-session-key|{ID}|41".encode(), hashlib.sha256)
    with pytest.raises(SessionInvalidError):
        SEAL.open(f"{ID}.41.{_encoded(mac)}")


def test_mac_covers_the_order_of_the_parts() -> None:
    key = replace(KEY, session_id="A" * 22, counter=11)
    other = replace(KEY, session_id="A" * 21 + "1", counter=1)
    assert SEAL.seal(key).split(".")[2] != SEAL.seal(other).split(".")[2]


def test_repr_shows_no_secret() -> None:
    assert "secret" not in repr(SEAL)


def test_session_ids_have_128_bits_and_differ() -> None:
    ids = {new_session_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(base64.urlsafe_b64decode(session_id + "==")) == 16 for session_id in ids)
