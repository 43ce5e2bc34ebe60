"""A connection to Redis for one loop in the background. Needs the extra `service-kit[redis]`."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from service_kit.redis.client import TimedRedis


def own_connection(url: str, name: str, *, connect_timeout_s: float, decode: bool = True) -> Redis:
    """A client of one connection, which the server lists as ``name``.

    It never tries again by itself: its user does, and says so. Nor do its answers have a time-out: it would keep it by
    `asyncio.wait_for`, which on Python 3.11 can lose a cancellation, and then the process would not stop. So its user
    puts `asyncio.timeout` around each command, and gives the client up after any failure, for the answer may yet come.
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
