"""Asking the system what a host name stands for, without holding the event loop up."""

import asyncio
import contextlib
import socket
import threading


async def look_up(host: str, port: int) -> list[str]:
    """Returns the IP addresses of ``host``. OSError: it has none, or the look-up failed.

    In its own daemon thread: a resolver may hang for half a minute, and neither the
    pool of threads nor the process's end should wait for that.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def tell(found: list[str], error: OSError | None) -> None:
        if answer.done():  # the caller was cancelled
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[str] = []
        error: OSError | None = None
        try:
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except OSError as exc:
            error = exc
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(tell, found, error)

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    return await answer
