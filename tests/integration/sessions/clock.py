"""A clock that tests move: the services read it, and the times that Redis has stored are moved into the past."""

import time
from dataclasses import replace

from redis.asyncio import Redis
from user_svc.domain.ports import TokenMinter
from user_svc.domain.session import HeldSession
from user_svc.domain.session_key import SessionKey, SessionKeySeal
from user_svc.domain.token import AccessToken
from user_svc.domain.user import User

_TIMES = ("created_at_ms", "last_used_at_ms", "rotated_at_ms", "absolute_expires_at_ms")


def hash_of(session_id: str) -> str:
    """Returns the Redis key of a session."""
    return f"{{sessions}}:id:{session_id}"


async def age(redis: Redis, session_ids: list[str], seconds: int) -> None:
    """Lets time pass for sessions in Redis."""
    for key in map(hash_of, session_ids):
        left_ms = await redis.pttl(key)
        if left_ms < 0:
            continue
        if left_ms <= seconds * 1000:
            await redis.delete(key)
            continue
        async with redis.pipeline(transaction=False) as pipeline:
            for field in _TIMES:
                pipeline.hincrby(key, field, -seconds * 1000)
            pipeline.pexpire(key, left_ms - seconds * 1000)
            await pipeline.execute()


class MovedClock:
    """The real time plus the steps of the tests, in Unix seconds. offset_s: the sum of the steps, in seconds."""

    def __init__(self) -> None:
        self.offset_s = 0

    def __call__(self) -> float:
        return time.time() + self.offset_s


class SealOnMovedClock(SessionKeySeal):
    """Seals keys with times on the moved clock, so that keys age like the times in Redis."""

    def __init__(self, seal: SessionKeySeal, clock: MovedClock) -> None:
        self._seal = seal
        self._clock = clock

    def seal(self, key: SessionKey) -> str:
        return self._seal.seal(self._moved(key, self._clock.offset_s))

    def open(self, text: str) -> SessionKey:
        return self._moved(self._seal.open(text), -self._clock.offset_s)

    def _moved(self, key: SessionKey, seconds: int) -> SessionKey:
        by_ms = seconds * 1000
        return replace(key, issued_at_ms=key.issued_at_ms + by_ms, ends_at_ms=key.ends_at_ms + by_ms)


class MinterOnMovedClock:
    """Mints on the moved clock for sessions whose times are on the clock of Redis."""

    def __init__(self, minter: TokenMinter, clock: MovedClock) -> None:
        self._minter = minter
        self._clock = clock

    def mint(self, user: User, session: HeldSession) -> AccessToken:
        ends_at_ms = session.key.ends_at_ms + self._clock.offset_s * 1000
        return self._minter.mint(user, replace(session, key=replace(session.key, ends_at_ms=ends_at_ms)))
