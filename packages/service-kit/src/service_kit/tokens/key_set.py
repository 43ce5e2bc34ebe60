"""The public keys that access tokens are verified with, and how they stay current (RFC 7517)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context

from joserfc.jwk import OKPKey
from loguru import logger

from service_kit.metrics import meter
from service_kit.tokens.jwk import read_jwks

#: An Ed25519 public key.
Key = OKPKey

#: A fetch that takes longer (seconds) has failed.
_FETCH_TIMEOUT_S = 5.0
#: How soon a failed fetch is tried again while there are no keys at all (seconds).
_FIRST_RETRY_S = 1.0

_refreshes = meter(__name__).create_counter(
    "auth.key_set.refreshes", description="Fetches of the key set that tokens are verified with, by outcome"
)


class KeySet:
    """The key set of a token issuer, by key id.

    fetch: gets the issuer's current keys as JWKs. When it fails, the keys in hand stay in force.
    refresh_at_most_every_s: how often an unknown key id may cause a fetch. refresh_every_s: how old the set may grow.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[list[dict[str, str]]]],
        *,
        refresh_at_most_every_s: float = 10.0,
        refresh_every_s: float = 300.0,
    ) -> None:
        self._fetch = fetch
        self._at_most_every_s = refresh_at_most_every_s
        self._every_s = refresh_every_s
        self._keys: dict[str, Key] = {}
        self._refreshing: asyncio.Task[None] | None = None
        self._last_attempt: float | None = None
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

    async def key(self, kid: str) -> Key | None:
        """The key ``kid``; None: the issuer has none such, as far as the allowed fetches can tell."""
        key = self._keys.get(kid)
        if key is None and (self._refreshing is not None or self._may_refresh()):
            await self.refresh()
            key = self._keys.get(kid)
        return key

    async def refresh(self) -> None:
        """Fetch the keys now, or join the fetch under way. A failure is logged and counted, and the old keys stay."""
        if self._refreshing is None:
            # A context of its own: the fetch serves everybody, and must not run under one request's deadline.
            self._refreshing = asyncio.create_task(self._refresh(), context=Context())
            self._refreshing.add_done_callback(self._refreshed)
        # Shielded: a caller that gives up must not take the others' fetch with it.
        await asyncio.shield(self._refreshing)

    async def keep_fresh(self) -> None:
        """Refresh for ever: at once, then every ``refresh_every_s``, sooner after a failure."""
        while True:
            await self.refresh()
            if self._healthy:
                await asyncio.sleep(self._every_s)
            else:
                await asyncio.sleep(self._at_most_every_s if self.loaded else _FIRST_RETRY_S)

    def _may_refresh(self) -> bool:
        wait = self._at_most_every_s if self.loaded else min(_FIRST_RETRY_S, self._at_most_every_s)
        return self._last_attempt is None or time.monotonic() - self._last_attempt >= wait

    def _refreshed(self, _task: "asyncio.Task[None]") -> None:
        self._refreshing = None

    async def _refresh(self) -> None:
        self._last_attempt = time.monotonic()
        try:
            async with asyncio.timeout(_FETCH_TIMEOUT_S):
                fetched = await self._fetch()
            self._keys = read_jwks(fetched, self._keys)
        except Exception as exc:  # a fetch crosses the network: whatever went wrong, the keys in hand go on
            _refreshes.add(1, {"outcome": "failed"})
            if self._healthy:
                # While all processes start together, whoever has the keys may not be there yet.
                level = "WARNING" if self._keys else "INFO"
                logger.log(level, "the key set cannot be fetched, {} keys stay in force: {!r}", len(self._keys), exc)
            self._healthy = False
            return
        _refreshes.add(1, {"outcome": "ok"})
        if not self._healthy:
            logger.info("the key set can be fetched again")
        self._healthy = True
