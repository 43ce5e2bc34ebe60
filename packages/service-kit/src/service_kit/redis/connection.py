"""A connection to Redis for one background loop. Needs the extra `service-kit[redis]`."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from service_kit.redis.client import TimedRedis


def own_connection(url: str, name: str, *, connect_timeout_s: float, decode: bool = True) -> Redis:
    """Returns a client with one connection, which the server lists as ``name``.

    It does not retry: its user does, and logs it. It has no socket timeout: redis-py implements that by
    `asyncio.wait_for`, which on Python 3.11 can lose a cancellation, and then the process would not stop. The user puts
    `asyncio.timeout` around each command, and discards the client after any failure, because a late reply may follow.

    Args:
        url: The address of the server.
        name: The client name.
        connect_timeout_s: The longest time for opening the connection.
        decode: Whether replies are decoded as UTF-8.
    """
    return TimedRedis.from_url(
        url,
        max_connections=1,
        socket_timeout=None,
        socket_connect_timeout=connect_timeout_s,
        retry=Retry(NoBackoff(), 0),
        decode_responses=decode,
        client_name=name,
        protocol=2,
    )
