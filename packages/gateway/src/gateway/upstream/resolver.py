"""From the names in the settings to the addresses that they stand for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from loguru import logger

from gateway.upstream.address import Address
from gateway.upstream.look_up import look_up

#: Host and port → IP addresses. OSError: there are none, or the look-up failed.
LookUp = Callable[[str, int], Awaitable[list[str]]]

_TIMEOUT_S = 5.0


class Resolver:
    """Knows the addresses of ``targets``. A target that cannot be resolved keeps those that it had last.

    look_up: asks for one host; timeout_s: how long that may take. An answer that comes later counts the next time.
    """

    def __init__(self, targets: Sequence[Address], *, look_up: LookUp = look_up, timeout_s: float = _TIMEOUT_S) -> None:
        self._look_up = look_up
        self._timeout_s = timeout_s
        self._known: dict[Address, list[Address]] = {
            target: [target] if _is_number(target.host) else [] for target in targets
        }
        self._names = [target for target in self._known if not _is_number(target.host)]
        self._asking: dict[Address, asyncio.Task[list[str]]] = {}
        self._unresolved: set[Address] = set()

    @property
    def has_names(self) -> bool:
        """Whether there is anything to resolve: a number stands for itself for ever."""
        return bool(self._names)

    @property
    def addresses(self) -> list[Address]:
        """What is known, each address once."""
        return list(dict.fromkeys(address for known in self._known.values() for address in known))

    async def resolve(self) -> bool:
        """Resolves every name again. Returns False if a look-up failed."""
        for name in self._names:
            if name not in self._asking:  # else the last question is still open, and a second one would hang as well
                self._asking[name] = asyncio.create_task(self._ask(name))
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=self._timeout_s)
        failed = [name for name in self._names if not self._learn(name)]
        return not failed

    def close(self) -> None:
        """Wait for no answer any more."""
        for task in self._asking.values():
            task.cancel()

    async def _ask(self, name: Address) -> list[str]:
        return await self._look_up(name.host, name.port)

    def _learn(self, name: Address) -> bool:
        task = self._asking.get(name)
        error: object = f"no answer within {self._timeout_s:g} s"
        if task is not None and task.done():
            del self._asking[name]
            error = task.exception()
            if error is None and task.result():
                self._known[name] = [Address(host, name.port) for host in sorted(set(task.result()))]
                self._told(name, None)
                return True
        self._told(name, error or "no address")
        return False

    def _told(self, name: Address, error: object | None) -> None:
        """Log it where it is news."""
        if error is None and name in self._unresolved:
            self._unresolved.remove(name)
            logger.info("{} can be resolved again", name.host)
        elif error is not None and name not in self._unresolved:
            self._unresolved.add(name)
            logger.warning("{} cannot be resolved, {} addresses stay: {}", name.host, len(self._known[name]), error)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
