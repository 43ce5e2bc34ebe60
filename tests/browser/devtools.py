"""A headless Chromium, controlled over pipes (https://chromedevtools.github.io/devtools-protocol/).

The protocol needs no library: JSON messages that end with a NUL, on the browser's file descriptors 3 and 4.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

Listener = Callable[[str, str, dict[str, Any]], None]

_ANSWERED_WITHIN_S = 30
_ENDED_WITHIN_S = 10
_LONGEST_MESSAGE_BYTES = 64 * 1024 * 1024
_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    # The pages are trusted; the sandbox needs rights that root and containers often lack.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    # *.localhost resolves to this machine by default; *.test does so here, and no other name resolves.
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "about:blank",
)


class DevToolsError(Exception):
    """The browser refused a command, or has exited."""


class DevTools:
    """The connection to one browser."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Calls `listener` for every event from now on, with its session, name and content."""
        self._listeners.append(listener)

    async def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Sends a command to the browser or to an attached target, and returns the result.

        Raises:
            DevToolsError: the command was refused.
        """
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps(message).encode() + b"\0")
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                return await self._waiting[number]
        finally:
            del self._waiting[number]

    async def read(self) -> None:
        """Reads until the browser exits."""
        try:
            while True:
                self._take(json.loads((await self._reader.readuntil(b"\0"))[:-1]))
        except asyncio.IncompleteReadError:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(DevToolsError("the browser has ended"))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            for listener in self._listeners:
                listener(message.get("sessionId", ""), message["method"], message["params"])
            return
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(DevToolsError(message["error"]["message"]))
        else:
            answer.set_result(message["result"])


@asynccontextmanager
async def running_browser(path: str, folder: Path) -> AsyncIterator[DevTools]:
    """Yields a browser with an empty profile in `folder`."""
    pid, commands_in, events_out = _start(path, folder)
    devtools = DevTools(await _reader(events_out), await _writer(commands_in))
    reading = asyncio.create_task(devtools.read())
    try:
        yield devtools
    finally:
        await _end(devtools, pid)
        await reading
        devtools._writer.close()


def _start(path: str, folder: Path) -> tuple[int, int, int]:
    """Starts the browser in its own process group; returns it with the pipes for commands and events."""
    commands, commands_in = _high_pipe()
    events_out, events = _high_pipe()
    arguments = [path, f"--user-data-dir={folder}", *_OPTIONS]
    actions = [
        (os.POSIX_SPAWN_OPEN, 2, str(folder / "browser.log"), os.O_WRONLY | os.O_CREAT, 0o600),
        (os.POSIX_SPAWN_DUP2, commands, 3),
        (os.POSIX_SPAWN_DUP2, events, 4),
    ]
    try:
        return os.posix_spawn(path, arguments, os.environ, file_actions=actions, setpgroup=0), commands_in, events_out
    finally:
        os.close(commands)
        os.close(events)


def _high_pipe() -> tuple[int, int]:
    """Returns a pipe whose descriptors are not 3 or 4, which the browser uses."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return high[0], high[1]


async def _reader(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LONGEST_MESSAGE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", 0))
    return reader


async def _writer(end: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(end, "wb", 0))
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def _end(devtools: DevTools, pid: int) -> None:
    with contextlib.suppress(DevToolsError, TimeoutError):
        await devtools.call("Browser.close")
    ended = asyncio.create_task(asyncio.to_thread(os.waitpid, pid, 0))
    done, _ = await asyncio.wait([ended], timeout=_ENDED_WITHIN_S)
    if not done:
        os.killpg(pid, signal.SIGKILL)
    await ended
