"""Hostile connections, from their own addresses on loopback."""

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Another network than that of normal clients.
_NETWORK = "127.0.1."
_ADDRESSES = 250
_AT_ONCE = 100
_SPARE_DESCRIPTORS = 500
_CONNECT_WITHIN_S = 20
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class HostileConnections:
    """A number of connections that send ``sends`` at once, then ``trickles`` periodically, and read everything."""

    count: int
    sends: bytes = b""
    trickles: bytes = b""


@dataclass(slots=True)
class ConnectionCounts:
    """The outcome of a crowd: how many connections were accepted, and how many are still open."""

    opened: int = 0
    open: int = 0


def attack(port: int, crowds: dict[str, HostileConnections], within_s: float) -> dict[str, ConnectionCounts]:
    """Opens all crowds, and waits at most ``within_s`` until the server has closed all their connections."""
    _raise_limit()
    return asyncio.run(_attack(port, crowds, within_s))


def descriptors_for(count: int) -> int:
    """Returns how many of ``count`` connections the limit of file descriptors allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return count if hard == resource.RLIM_INFINITY else min(count, hard - _SPARE_DESCRIPTORS)


async def _attack(port: int, crowds: dict[str, HostileConnections], within_s: float) -> dict[str, ConnectionCounts]:
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
    crowd: HostileConnections
    fate: ConnectionCounts = field(default_factory=ConnectionCounts)
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
    """Returns a client that sends the request ``times`` times and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        client.send(request * times)
    return client
