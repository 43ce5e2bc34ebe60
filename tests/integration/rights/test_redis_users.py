"""The rights of the services' users in Redis: only their keys and commands."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_stack.servers.redis import RedisServer
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from tests.running.secrets_seen import SEEN
from tests.running.servers import free_port, running

SERVICES = ("gateway", "user-svc", "order-svc")
_EVENTS, _DEAD = "{events:user.v1}", "{events:user.v1}:dead-letters:order-svc"
_REVOKED = "{sessions}:revoked"
_SESSION = "{sessions}:id:AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    home: Path = tmp_path_factory.mktemp("redis")
    passwords = {service: secrets.token_hex(16) for service in SERVICES}
    for password in passwords.values():
        SEEN.note("redis password", password)
    server = RedisServer(home, free_port(), secrets.token_hex(16), home / "log", {}, passwords)
    with running(server):
        yield server


def client_of(server: RedisServer, service: str) -> "Redis":
    return Redis(port=server.port, username=service, password=server.service_passwords[service], protocol=2)


DANGEROUS = [
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "maxmemory", "1"),
    ("KEYS", "*"),
    ("SCAN", "0"),
    ("RANDOMKEY",),
    ("DBSIZE",),
    ("SWAPDB", "0", "1"),
    ("SHUTDOWN", "NOSAVE"),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "mine", "on", "nopass", "~*", "+@all"),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("MONITOR",),
    ("SAVE",),
    ("BGREWRITEAOF",),
    ("REPLICAOF", "127.0.0.1", "1"),
    ("MODULE", "LIST"),
    ("SCRIPT", "FLUSH"),
    ("SCRIPT", "KILL"),
    ("FUNCTION", "LIST"),
    ("SORT", _SESSION),
    ("MIGRATE", "127.0.0.1", "1", _SESSION, "0", "1"),
    ("OBJECT", "ENCODING", _SESSION),
    ("RENAME", _SESSION, "rl:x"),
    ("COPY", _SESSION, "rl:x"),
    ("PUBLISH", "channel", "x"),
    ("SUBSCRIBE", "channel"),
    ("INFO",),
    ("SLOWLOG", "GET"),
    ("WAIT", "1", "1"),
]

FOREIGN = {
    "gateway": [
        ("GET", _SESSION),
        ("SET", _SESSION, "x"),
        ("SET", _REVOKED, "x"),
        ("XADD", _REVOKED, "*", "sid", "x"),
        ("XREAD", "STREAMS", _EVENTS, "0"),
        ("HGET", _SESSION, "user_id"),
        ("DEL", "rl:x"),
        ("EVAL", "return redis.call('GET', KEYS[1])", "1", _SESSION),
        ("EVAL", "return redis.call('GET', ARGV[1])", "0", _SESSION),
        ("EVAL", "return redis.call('SET', ARGV[1], 'x')", "0", _REVOKED),
        ("EVAL", "return redis.call('FLUSHALL')", "0"),
    ],
    "user-svc": [
        ("GET", "rl:default:user:x"),
        ("DEL", "rl:default:user:x"),
        ("SET", "anything", "x"),
        ("EVAL", "return redis.call('DEL', ARGV[1])", "0", "rl:x"),
        ("EVAL", "return redis.call('KEYS', '*')", "0"),
    ],
    "order-svc": [
        ("XADD", _REVOKED, "*", "sid", "x"),
        ("XTRIM", _REVOKED, "MAXLEN", "0"),
        ("XDEL", _REVOKED, "1-1"),
        ("XREAD", "STREAMS", _SESSION, "0"),
        ("XADD", "{events:user.v1}:dead-letters:another", "*", "a", "b"),
        ("GET", _SESSION),
        ("HGETALL", _SESSION),
        ("DEL", _EVENTS),
        ("EVAL", "return redis.call('HGET', ARGV[1], 'user_id')", "0", _SESSION),
        ("EVAL", "return redis.call('XADD', ARGV[1], '*', 'sid', 'x')", "0", _REVOKED),
    ],
}

OWN = {
    "gateway": [("SET", "rl:default:user:x", "1"), ("XREAD", "STREAMS", _REVOKED, "0"), ("TIME",)],
    "user-svc": [
        ("HSET", _SESSION, "user_id", "x"),
        ("ZADD", "{logins}:account:x", "1", "x"),
        ("XADD", _REVOKED, "*", "sid", "x"),
        ("XADD", _EVENTS, "*", "a", "b"),
        ("XRANGE", _DEAD, "-", "+"),
    ],
    "order-svc": [
        ("XGROUP", "CREATE", _EVENTS, "mine", "0", "MKSTREAM"),
        ("XREADGROUP", "GROUP", "mine", "me", "STREAMS", _EVENTS, ">"),
        ("XADD", _DEAD, "*", "a", "b"),
        ("XREAD", "STREAMS", _REVOKED, "0"),
        ("XRANGE", _REVOKED, "-", "+"),
    ],
}


@pytest.mark.parametrize("service", SERVICES)
def test_redis_user_of_a_service_may_run_its_commands(server: RedisServer, service: str) -> None:
    with client_of(server, service) as client:
        for command in OWN[service]:
            client.execute_command(*command)


@pytest.mark.parametrize(
    ("service", "command"),
    [(service, command) for service in SERVICES for command in (*DANGEROUS, *FOREIGN[service])],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_redis_user_of_a_service_may_run_nothing_else(
    server: RedisServer, service: str, command: tuple[str, ...]
) -> None:
    with client_of(server, service) as client, pytest.raises((NoPermissionError, ResponseError)) as refused:
        client.execute_command(*command)
    said = str(refused.value).lower()
    assert "no permissions" in said or "acl failure" in said or "noperm" in said


def test_redis_answers_nothing_without_a_password(server: RedisServer) -> None:
    for username in (None, "default", *SERVICES):
        wrong = Redis(port=server.port, username=username, password="wrong", protocol=2)
        with wrong as client, pytest.raises(AuthenticationError):
            client.ping()
    with Redis(port=server.port, protocol=2) as client, pytest.raises(AuthenticationError):
        client.ping()


def test_redis_files_hold_no_password_of_a_service(server: RedisServer) -> None:
    users = server.home / "users.acl"
    assert users.stat().st_mode & 0o077 == 0
    assert not any(password in users.read_text() for password in server.service_passwords.values())
