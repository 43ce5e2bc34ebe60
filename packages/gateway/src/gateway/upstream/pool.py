"""The addresses of one upstream, kept in step with what its names stand for."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import NoReturn

from loguru import logger

from gateway.upstream.address import Address
from gateway.upstream.endpoint import Endpoint
from gateway.upstream.resolver import Resolver

#: Names are not asked for more often than this, however much fails, in seconds.
_LEAST_PAUSE_S = 1.0


class Pool:
    """Has an endpoint for each address that ``resolver`` knows, and asks it anew every ``resolve_every_s``.

    make: an endpoint for an address. resolved: hears whether resolving went well, each time.
    """

    def __init__(
        self,
        name: str,
        resolver: Resolver,
        make: Callable[[Address], Endpoint],
        resolved: Callable[[bool], None],
        *,
        resolve_every_s: float,
        least_pause_s: float = _LEAST_PAUSE_S,
    ) -> None:
        self.endpoints: list[Endpoint] = []
        self._name = name
        self._resolver = resolver
        self._make = make
        self._resolved = resolved
        self._every_s = resolve_every_s
        self._least_pause_s = least_pause_s
        self._leaving: list[Endpoint] = []
        self._wanted = asyncio.Event()
        self._resolving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Find the addresses, and go on looking if they may change."""
        await self._refresh()
        if self._resolver.has_names:
            self._resolving = asyncio.create_task(self._keep_resolving(), name=f"addresses of {self._name}")

    def resolve_soon(self) -> None:
        """Something does not answer: perhaps it has moved."""
        self._wanted.set()

    def close(self) -> None:
        """End all endpoints, and all calls with them."""
        if self._resolving is not None:
            self._resolving.cancel()
        self._resolver.close()
        for endpoint in (*self.endpoints, *self._leaving):
            endpoint.close()

    async def _keep_resolving(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._least_pause_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s - self._least_pause_s):
                    await self._wanted.wait()
            try:
                await self._refresh()
            except Exception:  # after any error of a look-up, the known addresses stay in use
                logger.exception("resolving {} went wrong", self._name)

    async def _refresh(self) -> None:
        self._wanted.clear()
        went_well = await self._resolver.resolve()
        if not went_well:
            self._wanted.set()
        if self._resolver.has_names:
            self._resolved(went_well)
        self._adopt(self._resolver.addresses)

    def _adopt(self, addresses: list[Address]) -> None:
        present = {endpoint.address: endpoint for endpoint in self.endpoints}
        gone = [endpoint for address, endpoint in present.items() if address not in addresses]
        come = [address for address in addresses if address not in present]
        if not gone and not come:
            return
        logger.info("{} is at {}", self._name, ", ".join(map(str, addresses)))
        for endpoint in gone:
            endpoint.retire()
        new = [self._make(address) for address in come]
        for endpoint in new:
            endpoint.start()
        self._leaving = [endpoint for endpoint in (*self._leaving, *gone) if endpoint.in_flight]
        self.endpoints = [endpoint for endpoint in self.endpoints if endpoint not in gone] + new
