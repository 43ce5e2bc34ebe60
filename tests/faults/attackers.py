"""Connections that are opened to be a burden, from addresses of their own on loopback."""

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Other than the one that normal clients come from.
_NETWORK = "127.0.1."
_ADDRESSES = 250
_AT_ONCE = 100
_SPARE_DESCRIPTORS = 500
_CONNECT_WITHIN_S = 20
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many connections that send something at once, and then a little now and then. They read what they get."""

    count: int
    sends: bytes = b""
    trickles: bytes = b""


@dataclass(slots=True)
class Fate:
    """What became of a crowd: how many got a connection, how many still have it."""

    opened: int = 0
    open: int = 0


def attack(port: int, crowds: dict[str, Crowd], within_s: float) -> dict[str, Fate]:
    """Have all crowds come, and wait until the server has ended all their connections, for so long at most."""
    _raise_limit()
    return asyncio.run(_attack(port, crowds, within_s))


def descriptors_for(count: int) -> int:
    """How many of ``count`` connections a process may have here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return count if hard == resource.RLIM_INFINITY else min(count, hard - _SPARE_DESCRIPTORS)


async def _attack(port: int, crowds: dict[str, Crowd], within_s: float) -> dict[str, Fate]:
    attackers = [_Attackers(crowd) for crowd in crowds.values()]
    for each in attackers:
        await each.come(port)
    due = time.monotonic() + within_s
    while any(each.fate.open for each in attackers) and time.monotonic() < due:
        for each in attackers:
            each.trickle()
        await asyncio.sleep(_PAUSE_S)
    fates = dict(zip(crowds, [each.fate for each in attackers], strict=True))
    for each in attackers:
        each.leave()
    return fates


@dataclass(slots=True)
class _Attackers:
    crowd: Crowd
    fate: Fate = field(default_factory=Fate)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    listening: set["asyncio.Task[None]"] = field(default_factory=set)

    async def come(self, port: int) -> None:
        sources = _addresses()
        for start in range(0, self.crowd.count, _AT_ONCE):
            some = range(min(_AT_ONCE, self.crowd.count - start))
            await asyncio.gather(*(self._open(port, next(sources)) for _ in some))

    def trickle(self) -> None:
        for writer in self.writers if self.crowd.trickles else ():
            if not writer.is_closing():
                writer.write(self.crowd.trickles)

    def leave(self) -> None:
        for task in self.listening:
            task.cancel()
        for writer in self.writers:
            writer.close()

    async def _open(self, port: int, source: str) -> None:
        try:
            async with asyncio.timeout(_CONNECT_WITHIN_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        except OSError:
            return
        writer.write(self.crowd.sends)
        self.writers.append(writer)
        self.fate.opened += 1
        self.fate.open += 1
        self.listening.add(asyncio.create_task(self._until_ended(reader, writer)))

    async def _until_ended(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass
        self.fate.open -= 1
        writer.close()


def _addresses() -> Iterator[str]:
    while True:
        for number in range(1, _ADDRESSES):
            yield f"{_NETWORK}{number}"


def _raise_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def never_reading(port: int, request: bytes, times: int) -> socket.socket:
    """A client that asks so often, and does not read a byte."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        client.send(request * times)
    return client
