"""The public keys that verify access tokens (RFC 7517), kept current by fetches from the issuer."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextvars import Context

from joserfc.jwk import OKPKey
from loguru import logger

from service_kit.telemetry.metrics import meter
from service_kit.tokens.jwk import read_jwks

#: An Ed25519 public key.
Key = OKPKey

#: How long a process that follows revocations waits for an unknown key (seconds). When a key is retired, its successor
#: signs at once, and the announcement and the key set take milliseconds to arrive; during a flood of unknown key ids,
#: each waits this long.
KEY_PUSH_WITHIN_S = 0.3
#: A fetch that takes longer (seconds) has failed.
_FETCH_TIMEOUT_S = 5.0
#: How soon a failed fetch is repeated while there are no keys at all (seconds).
_FIRST_RETRY_S = 1.0
#: How many keys that are no longer in force are remembered.
_FORMER_KEYS = 16

_refreshes = meter(__name__).create_counter(
    "auth.key_set.refreshes", description="Fetches of the key set that verifies tokens, by outcome"
)


class KeySet:
    """The key set of a token issuer, by key id.

    Args:
        fetch: Gets the issuer's current keys as JWKs. If it fails, the present keys stay in force.
        refresh_at_most_every_s: The least time between fetches for unknown key ids.
        refresh_every_s: The greatest age of the set.
        await_push_s: How long an unknown key id that may not cause a fetch waits for another fetch. For a process that
            follows revocations and calls `refresh_soon`: a key that replaces a leaked one signs at once, and made-up
            key ids may have used up the fetch for its first token, which would be refused.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[list[dict[str, str]]]],
        *,
        refresh_at_most_every_s: float = 10.0,
        refresh_every_s: float = 10.0,
        await_push_s: float = 0.0,
    ) -> None:
        self._fetch = fetch
        self._at_most_every_s = refresh_at_most_every_s
        self._every_s = refresh_every_s
        self._await_push_s = await_push_s
        self._keys: dict[str, Key] = {}
        self._former: OrderedDict[str, Key] = OrderedDict()
        self._refreshing: asyncio.Task[None] | None = None
        self._refreshing_anew: set[asyncio.Task[None]] = set()
        self._asked_at: float | None = None
        self._fetched = asyncio.Event()
        self._healthy = True

    @property
    def loaded(self) -> bool:
        """Whether there is at least one key."""
        return bool(self._keys)

    async def check_loaded(self) -> None:
        """Raises LookupError unless there is a key: a readiness check."""
        if not self.loaded:
            raise LookupError("no key yet to verify access tokens with")

    def jwks(self) -> list[dict[str, str]]:
        """Returns the present keys as public JWKs, fit for publication."""
        return [{str(name): str(value) for name, value in key.as_dict().items()} for key in self._keys.values()]

    def held(self, kid: str) -> Key | None:
        """Returns the key ``kid`` if it is present; never fetches."""
        return self._keys.get(kid)

    def former(self, kid: str) -> Key | None:
        """Returns the key ``kid`` if it was in force and no longer is; never fetches.

        It only serves to recognize an old token, which a client that was idle during a rotation still has.
        """
        return self._former.get(kid) if kid not in self._keys else None

    async def key(self, kid: str) -> Key | None:
        """Returns the key ``kid``; None if the issuer has no such key, as far as the permitted fetches show."""
        if kid not in self._keys and self._refreshing is not None:
            await self.refresh()
        if kid not in self._keys:  # the running fetch may have begun before the key was published
            if self._may_ask():
                self._asked_at = time.monotonic()
                await self.refresh()
            elif self._await_push_s:
                await self._await_push(kid)
        return self._keys.get(kid)

    async def refresh(self) -> None:
        """Fetches the keys now, or joins the running fetch. A failure is logged and counted, and the old keys stay."""
        if self._refreshing is None:
            # In a context of its own: the fetch serves all requests, and must not end at one request's deadline.
            self._refreshing = asyncio.create_task(self._refresh(), context=Context())
            self._refreshing.add_done_callback(self._refreshed)
        # Shielded: a cancelled caller must not cancel the fetch of the others.
        await asyncio.shield(self._refreshing)

    async def refresh_anew(self) -> None:
        """Fetches the keys by a fetch that begins after this call, for a caller that knows that they have changed."""
        if self._refreshing is not None:
            await self.refresh()
        await self.refresh()

    def refresh_soon(self) -> None:
        """Does the same in a background task."""
        task = asyncio.create_task(self.refresh_anew(), context=Context())
        self._refreshing_anew.add(task)
        task.add_done_callback(self._refreshing_anew.discard)

    async def keep_fresh(self) -> None:
        """Refreshes for ever: at once, then every ``refresh_every_s``, sooner after a failure."""
        while True:
            await self.refresh()
            if self._healthy:
                await asyncio.sleep(self._every_s)
            else:
                await asyncio.sleep(self._at_most_every_s if self.loaded else _FIRST_RETRY_S)

    def _may_ask(self) -> bool:
        # The fetches of `keep_fresh` do not count: they are so frequent that unknown key ids would get none.
        wait = self._at_most_every_s if self.loaded else min(_FIRST_RETRY_S, self._at_most_every_s)
        return self._asked_at is None or time.monotonic() - self._asked_at >= wait

    async def _await_push(self, kid: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._await_push_s):
                while kid not in self._keys:
                    await self._fetched.wait()

    def _adopt(self, keys: dict[str, Key]) -> None:
        for kid in self._keys.keys() - keys.keys():
            self._former[kid] = self._keys[kid]
        while len(self._former) > _FORMER_KEYS:
            self._former.popitem(last=False)
        self._keys = keys

    def _refreshed(self, _task: "asyncio.Task[None]") -> None:
        self._refreshing = None

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(_FETCH_TIMEOUT_S):
                fetched = await self._fetch()
            self._adopt(read_jwks(fetched, self._keys))
        except Exception as exc:  # a fetch crosses the network and may raise anything; the present keys stay
            _refreshes.add(1, {"outcome": "failed"})
            if self._healthy:
                # While all processes start together, the issuer may not be ready yet.
                level = "WARNING" if self._keys else "INFO"
                logger.bind(keys=len(self._keys), error=repr(exc)).log(level, "the key set cannot be fetched")
            self._healthy = False
            return
        _refreshes.add(1, {"outcome": "ok"})
        self._fetched.set()
        self._fetched = asyncio.Event()
        if not self._healthy:
            logger.info("the key set can be fetched again")
        self._healthy = True
