"""The public keys that access tokens are verified with, and how they stay current (RFC 7517)."""

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

#: How long a process that follows revocations waits for a key that it does not know yet (seconds). When a key is
#: retired, its successor signs at once, and the news and the key set take milliseconds to arrive; during a flood of
#: unknown key ids, each waits for so long.
KEY_PUSH_WITHIN_S = 0.3
#: A fetch that takes longer (seconds) has failed.
_FETCH_TIMEOUT_S = 5.0
#: How soon a failed fetch is tried again while there are no keys at all (seconds).
_FIRST_RETRY_S = 1.0
#: How many keys that are in force no more are remembered.
_FORMER_KEYS = 16

_refreshes = meter(__name__).create_counter(
    "auth.key_set.refreshes", description="Fetches of the key set that tokens are verified with, by outcome"
)


class KeySet:
    """The key set of a token issuer, by key id.

    fetch: gets the issuer's current keys as JWKs. When it fails, the keys in hand stay in force.
    refresh_at_most_every_s: how often an unknown key id may cause a fetch. refresh_every_s: how old the set may grow.
    await_push_s: how long an unknown key id that may not cause a fetch waits for one that others cause. It is for
    whoever is told of changes, and then calls `refresh_soon`: the key that replaces a leaked one signs before anybody
    has fetched it, and made-up key ids may just have used up the fetch of its first token, which would be refused.
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
        self._told: set[asyncio.Task[None]] = set()
        self._asked_at: float | None = None
        self._fetched = asyncio.Event()
        self._healthy = True

    @property
    def loaded(self) -> bool:
        """Whether there is any key."""
        return bool(self._keys)

    async def check_loaded(self) -> None:
        """Raise LookupError unless there is any key: a check of readiness."""
        if not self.loaded:
            raise LookupError("no key yet to verify access tokens with")

    def jwks(self) -> list[dict[str, str]]:
        """The public JWKs in hand, fit for publication."""
        return [{str(name): str(value) for name, value in key.as_dict().items()} for key in self._keys.values()]

    def held(self, kid: str) -> Key | None:
        """The key ``kid`` if it is in hand; never fetches."""
        return self._keys.get(kid)

    def former(self, kid: str) -> Key | None:
        """The key ``kid`` if it was in force and is no more; never fetches.

        Good for nothing but to tell that a token is old: a client that lay idle while keys were rotated has one.
        """
        return self._former.get(kid) if kid not in self._keys else None

    async def key(self, kid: str) -> Key | None:
        """The key ``kid``; None: the issuer has none such, as far as the allowed fetches can tell."""
        if kid not in self._keys and self._refreshing is not None:
            await self.refresh()
        if kid not in self._keys:  # the fetch that was under way may have begun before the key was there
            if self._may_ask():
                self._asked_at = time.monotonic()
                await self.refresh()
            elif self._await_push_s:
                await self._await_push(kid)
        return self._keys.get(kid)

    async def refresh(self) -> None:
        """Fetch the keys now, or join the fetch under way. A failure is logged and counted, and the old keys stay."""
        if self._refreshing is None:
            # A context of its own: the fetch serves everybody, and must not run under one request's deadline.
            self._refreshing = asyncio.create_task(self._refresh(), context=Context())
            self._refreshing.add_done_callback(self._refreshed)
        # Shielded: a caller that gives up must not take the others' fetch with it.
        await asyncio.shield(self._refreshing)

    async def refresh_anew(self) -> None:
        """Fetch the keys by a fetch that begins after this call: for whoever was told that they have changed."""
        if self._refreshing is not None:
            await self.refresh()
        await self.refresh()

    def refresh_soon(self) -> None:
        """The same in the background: for whoever cannot wait."""
        task = asyncio.create_task(self.refresh_anew(), context=Context())
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def keep_fresh(self) -> None:
        """Refresh for ever: at once, then every ``refresh_every_s``, sooner after a failure."""
        while True:
            await self.refresh()
            if self._healthy:
                await asyncio.sleep(self._every_s)
            else:
                await asyncio.sleep(self._at_most_every_s if self.loaded else _FIRST_RETRY_S)

    def _may_ask(self) -> bool:
        # The fetches of `keep_fresh` do not count: at their pace, they would leave an unknown key id none.
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
        except Exception as exc:  # a fetch crosses the network: whatever went wrong, the keys in hand go on
            _refreshes.add(1, {"outcome": "failed"})
            if self._healthy:
                # While all processes start together, whoever has the keys may not be there yet.
                level = "WARNING" if self._keys else "INFO"
                logger.log(level, "the key set cannot be fetched, {} keys stay in force: {!r}", len(self._keys), exc)
            self._healthy = False
            return
        _refreshes.add(1, {"outcome": "ok"})
        self._fetched.set()
        self._fetched = asyncio.Event()
        if not self._healthy:
            logger.info("the key set can be fetched again")
        self._healthy = True
