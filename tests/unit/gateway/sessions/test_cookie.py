import pytest
from gateway.sessions.cookie import SessionCookie

PLAIN, SECURE = SessionCookie(secure=False), SessionCookie(secure=True)


@pytest.mark.parametrize(
    ("cookie", "found"),
    [
        (b"session_key=abc.1.def", "abc.1.def"),
        (b"a=b; session_key=abc; c=d", "abc"),
        (b"a=b;session_key=abc", "abc"),
        (b"session_key=first; session_key=second", "first"),
        (b"xsession_key=abc; session_key_=abc", None),
        (b"Session_Key=abc", None),
        (b"session_key", None),
        (b"session_key=", None),
        (b"session_key=a b", None),
        (b"session_key=\xff", None),
        (b'session_key="abc"', None),
        (b"session_key=" + b"x" * 512, "x" * 512),
        (b"session_key=" + b"x" * 513, None),
        (b"__Host-session_key=abc", None),
        (b"; ;;=;", None),
    ],
)
def test_session_key_is_read(cookie: bytes, found: str | None) -> None:
    assert PLAIN.read([(b"accept", b"*/*"), (b"cookie", cookie)]) == found


def test_cookies_in_several_http2_fields_are_read() -> None:
    assert PLAIN.read([(b"cookie", b"a=b"), (b"cookie", b"session_key=abc")]) == "abc"


def test_secure_cookie_has_the_host_prefix() -> None:
    assert SECURE.read([(b"cookie", b"session_key=forged; __Host-session_key=abc")]) == "abc"
    assert SECURE.read([(b"cookie", b"session_key=forged")]) is None


def test_request_without_the_cookie_has_no_session_key() -> None:
    assert PLAIN.read([]) is None


def test_cookie_is_issued_with_all_attributes() -> None:
    assert PLAIN.issue("abc", 86400) == (
        b"set-cookie",
        b"session_key=abc; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax",
    )
    assert SECURE.issue("abc", 60) == (
        b"set-cookie",
        b"__Host-session_key=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure",
    )


def test_cookie_is_deleted() -> None:
    assert SECURE.clear()[1] == b"__Host-session_key=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
