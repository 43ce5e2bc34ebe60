"""The search for secrets in logs: finds them in every encoding, and never prints them."""

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples.tokens import Issuer
from tests.running.secrets_seen import SecretsSeen

PASSWORD = 'näh "doch"\\ 7 / 100 %\tja'
TOKEN = Issuer().token()
SIGNATURE = TOKEN.rpartition(".")[2]
KEY = "S" * 22 + ".1." + "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE"
REQUEST = b"""POST /api/users/log HTTP/1.1
authorization: bearer %s
Cookie: a=b; __Host-session_key=%s; c=d

{"email": "ada@example.com", "password" : "a-long-walk-\\u0069n-the-rain", "new_password":"on the other side
"""


@pytest.fixture
def seen() -> SecretsSeen:
    return SecretsSeen()


@pytest.mark.parametrize(
    "spelling",
    [
        PASSWORD,
        json.dumps(PASSWORD),
        json.dumps(PASSWORD, ensure_ascii=False),
        repr(PASSWORD),
        f"GET /?password={quote(PASSWORD, safe='')}",
        f"password={quote_plus(PASSWORD)}&a=b",
        f"näh{PASSWORD}näh",
    ],
)
def test_password_is_found_in_every_spelling(seen: SecretsSeen, spelling: str) -> None:
    seen.note("password", PASSWORD)
    assert seen.secrets_in("a.log", f"first\n{spelling}\n".encode()) == ["a.log:2: password"]


@given(before=st.binary(max_size=40), secret=st.text(min_size=15, max_size=60), after=st.binary(max_size=40))
def test_secret_is_found_at_any_offset(before: bytes, secret: str, after: bytes) -> None:
    seen = SecretsSeen()
    seen.note("password", "another-password-entirely")
    seen.note("password", secret)
    offsets = {at for at, _ in seen.found_in(before + secret.encode() + after)}
    assert (len(before) in offsets) == (len(set(secret)) >= 6)


def test_token_is_found_by_its_signature_alone(seen: SecretsSeen) -> None:
    seen.note("access token", TOKEN)
    seen.note("session key", KEY)
    assert seen.secrets_in("a", f"…{SIGNATURE}\n{KEY}".encode()) == ["a:1: access token", "a:2: session key"]
    assert seen.secrets_in("a", (TOKEN.rpartition(".")[0] + KEY[:25]).encode()) == []


def test_secrets_are_read_from_valid_and_malformed_requests(seen: SecretsSeen) -> None:
    seen.note_text(REQUEST % (TOKEN.encode(), KEY.encode()))
    assert sorted(seen.kinds.values()) == ["access token", "password", "session key"]
    assert seen.secrets_in("a", b"a-long-walk-in-the-rain") == ["a:1: password"]


def test_secrets_are_read_from_responses(seen: SecretsSeen) -> None:
    seen.note_text(f'Set-Cookie: session_key={KEY}; Path=/\nX-Access-Token: {TOKEN}\n{{"a":1}}'.encode())
    assert sorted(seen.kinds.values()) == ["access token", "session key"]


def test_secrets_are_read_from_the_files_of_a_stack(seen: SecretsSeen, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    key = json.dumps({"kty": "OKP", "x": "x1y2z3" * 8, "d": "p1q2r3" * 8}, separators=(",", ":"))
    (tmp_path / "keys" / "k.json").write_text(key)
    (tmp_path / "database-url").write_text(f"postgres://user_svc:{'0a1b2c3d' * 8}@127.0.0.1:1/user_svc?sslmode=disable")
    seen.note_files(tmp_path)
    assert {kind: secret for secret, kind in seen.kinds.items()} == {
        "private key": b"p1q2r3" * 8,
        "database-url": b"0a1b2c3d" * 8,
    }


def test_values_that_may_occur_by_chance_are_not_searched(seen: SecretsSeen) -> None:
    for weak in ("", "short", "0" * 40, "12:12:12:12:12:12"):
        seen.note("password", weak)
    assert seen.kinds == {}


def test_planted_secret_fails_the_search_and_is_not_printed(seen: SecretsSeen, tmp_path: Path) -> None:
    log = seen.watch(tmp_path / "service.log")
    log.write_text(f"one\ntwo {TOKEN}\n")
    seen.assert_watched_clean()
    seen.note("access token", TOKEN)
    with pytest.raises(AssertionError, match=r"service.log:2: access token") as failure:
        seen.assert_watched_clean()
    assert SIGNATURE not in str(failure.value)


def test_missing_log_holds_no_secrets(seen: SecretsSeen, tmp_path: Path) -> None:
    seen.assert_clean([tmp_path / "none.log", tmp_path])
