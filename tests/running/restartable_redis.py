"""A Redis server that can be stopped and restarted."""

import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.servers.redis import RedisServer

from tests.running.servers import free_port, started, stop


class RestartableRedis:
    """A server that keeps its port, password and data across restarts; it is created stopped."""

    def __init__(self, home: Path) -> None:
        self._server = RedisServer(home, free_port(), secrets.token_hex(8), home / "log", {"LC_ALL": "C"})
        self._process: subprocess.Popen[bytes] | None = None
        self.url, self.port = self._server.url, self._server.port

    def start(self) -> None:
        self._process = started(self._server)

    def kill(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGKILL)

    def pause(self) -> None:
        """Stops it with SIGSTOP, like an overloaded server: commands wait."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def lose_data(self) -> None:
        """Deletes its data; only while it is stopped."""
        shutil.rmtree(self._server.home / "appendonlydir")


@contextmanager
def restartable_redis(home: Path) -> Iterator[RestartableRedis]:
    """Yields a running server."""
    server = RestartableRedis(home)
    server.start()
    try:
        yield server
    finally:
        server.kill()
