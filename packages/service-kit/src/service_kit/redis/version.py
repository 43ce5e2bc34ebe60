"""The oldest supported version of Redis. Needs the extra `service-kit[redis]`."""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

#: Since 7.0, XINFO GROUPS reports the lag of a group, and ACLs distinguish reading a key from writing it.
OLDEST_REDIS = (7, 0)


class UnsupportedRedisError(Exception):
    """The server is older than the oldest supported version."""


async def check_version(redis: Redis) -> None:
    """Checks that the server is not older than OLDEST_REDIS.

    Another server, such as Valkey, reports the version of Redis that it is compatible with.

    Raises:
        UnsupportedRedisError: The server is too old; the message is for the operator.
    """
    try:
        hello: Any = await redis.execute_command("HELLO")  # type: ignore[no-untyped-call]
    except ResponseError as exc:  # HELLO is new in 6.0
        if "unknown command" not in str(exc).lower():
            raise
        hello = [b"version", b"older than 6"]
    version = _field(hello, "version")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < OLDEST_REDIS:
        oldest = ".".join(map(str, OLDEST_REDIS))
        raise UnsupportedRedisError(f"Redis {version} is older than {oldest}, the oldest supported version")


def _field(hello: Any, name: str) -> str:
    """Returns a field of the reply to HELLO: a flat list of names and values in RESP2, a map in RESP3."""
    pairs = hello.items() if isinstance(hello, dict) else zip(hello[::2], hello[1::2], strict=True)
    return next((_text(value) for key, value in pairs if _text(key) == name), "")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
