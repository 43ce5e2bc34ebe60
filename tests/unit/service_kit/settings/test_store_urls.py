"""Addresses of stores: malformed ones are refused at the start, without quoting the password."""

import pytest
from service_kit.settings import redis_url
from service_kit.settings.postgres import postgres_url


@pytest.mark.parametrize(
    "text",
    [
        "redis://h",
        "redis://:pw@h:6379/0",
        "redis://user:pw@[::1]:6379/0",
        "redis://h/0?ssl_cert_reqs=required",
        "rediss://h:1",
        "unix:///run/redis.sock",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_valid_redis_address_is_accepted(text: str) -> None:
    assert redis_url(text).reveal() == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ""),
        ("h:6379", ""),
        ("http://h", ""),
        ("redis+sentinel://:secret@h", ""),
        ("redis://[::1", ""),
        ("redis://", "needs a host"),
        ("redis:///0", "needs a host"),
        ("redis://:secret@::1:6379/0", "IPv6 address in brackets"),
        ("redis://:sec/ret@h/0", "needs a host"),
        ("redis://:secret@h:port", "port must be a number"),
        ("redis://:secret@h:0/0", "port must be a number"),
        ("redis://:secret@h:65536/0", "port must be a number"),
        ("redis://:secret@h:٣/0", "port must be a number"),
        ("redis://:secret@h:1,i:2/0", "several hosts"),
        ("redis://:secret@h/x", "database, behind the last /"),
        ("redis://:secret@h/0/1", "database, behind the last /"),
        ("redis://:secret@h?db=x", "database, db=,"),
        ("redis://:secret@h?bogus=secret", "behind the \\? there may be"),
        ("redis://:sec?ret@h", "behind the \\? there may be"),
        ("redis://:sec#ret@h", "# in a password must be written %23"),
        ("unix://", "path of a socket"),
    ],
)
def test_invalid_redis_address_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^must be a redis:// URL.*{reason}") as refused:
        redis_url(text)
    assert "sec" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgres://u:pw@h/db",
        "postgresql://u:p%25w@h:5432/db?sslmode=disable",
        "postgresql://u:pw@[::1]:5432/db",
        "postgresql://u:pw@h/db?ssl=true",
        "postgresql:///db",
        "postgresql:///db?host=/run/postgresql",
        "postgresql:///?host=h,i&port=1,2&dbname=db",
        "postgresql://u:pw@h:1,i:2/db?target_session_attrs=read-write",
        "postgresql://u:pw@h,i:2/db?target_session_attrs=primary&load_balance_hosts=random",
        "postgresql://u:pw@127.0.0.1:1,[::1]:2/db",
        "postgresql://u:pw@[::1]:1,[::2]:2/db",
    ],
)
def test_valid_postgres_address_is_accepted(text: str) -> None:
    assert postgres_url(text).reveal() == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ""),
        ("mysql://u:secret@h", ""),
        ("postgresql://", "no host and no database"),
        ("postgresql://u:secret@,h/db", "needs a host"),
        ("postgresql://u:secret@h:1,/db", "needs a host"),
        ("postgresql://u:secret@::1:5432/db", "IPv6 address in brackets"),
        ("postgresql://u:secret@h:1;i:2/db", "needs a host"),
        ("postgresql://u:secret@h:1,i:x/db", "port must be a number"),
        ("postgresql://u:secret@h:1,i:65536/db", "port must be a number"),
        ("postgresql://u:secret@h:/db", "port must be a number"),
        ("postgresql://u:sec#ret@h/db", "# in a password must be written %23"),
        ("postgresql://u:sec%zzret@h/db", "% in a password must be written %25"),
        ("postgresql://u:secret%@h/db", "% in a password must be written %25"),
        ("postgresql://u:sec%00ret@h/db", "% in a password must be written %25"),
        ("postgresql://u:secret@h/db?bogus=1", "libpq does not know"),
        ("postgresql://u:sec?ret@h/db", "needs a host|port|libpq"),
        ("postgresql://u:secret@h,i/db?target_session_attrs=leader", "target_session_attrs must be one of"),
    ],
)
def test_invalid_postgres_address_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^must be a postgresql:// URL.*({reason})") as refused:
        postgres_url(text)
    assert "sec" not in str(refused.value)
