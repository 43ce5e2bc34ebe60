"""The oldest Redis that the platform works with. Needs the extra `service-kit[redis]`."""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

#: XINFO GROUPS tells the lag of a group, and ACLs tell reading a key from writing it, since 7.0.
OLDEST_REDIS = (7, 0)


class UnsupportedRedisError(Exception):
    """The server is older than the platform works with."""


async def check_version(redis: Redis) -> None:
    """Raise UnsupportedRedisError, with a sentence for the operator, if the server is too old.

    A server that calls itself by another name, such as Valkey, tells the version of Redis that it is compatible with.
    """
    try:
        hello: Any = await redis.execute_command("HELLO")  # type: ignore[no-untyped-call]
    except ResponseError as exc:  # before 6.0 it was unknown
        if "unknown command" not in str(exc).lower():
            raise
        hello = [b"version", b"older than 6"]
    version = _field(hello, "version")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < OLDEST_REDIS:
        oldest = ".".join(map(str, OLDEST_REDIS))
        raise UnsupportedRedisError(f"Redis {version} is older than {oldest}, the oldest that this service works with")


def _field(hello: Any, name: str) -> str:
    """A field of the reply to HELLO: a flat list of names and values in RESP2, a map in RESP3."""
    pairs = hello.items() if isinstance(hello, dict) else zip(hello[::2], hello[1::2], strict=True)
    return next((_text(value) for key, value in pairs if _text(key) == name), "")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
