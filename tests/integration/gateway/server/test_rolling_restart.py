"""Processes that share a port are replaced one by one, and no client sees an error."""

import http.client
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from tests.integration.gateway.server.edge import HOST
from tests.integration.gateway.server.processes import edge_process
from tests.integration.gateway.server.raw_client import GET
from tests.running.polling import eventually

RESTARTS = 3


class Clients:
    """Threads that send requests without a pause, and collect ``errors``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in [self._fresh, self._kept] * 8]
        self.answers = 0
        self.errors: list[str] = []

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def go_on(self) -> None:
        """Waits until many more requests are answered."""
        wanted = self.answers + 100
        eventually(lambda: True if self.answers > wanted else None, within_s=20, every_s=0.05)

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, once: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                once()
            except Exception as exc:
                self.errors.append(f"{once.__name__}: {exc!r}")

    def _fresh(self) -> None:
        """Sends a request on a connection of its own."""
        with socket.create_connection((HOST, self._port), timeout=10) as connection:
            connection.sendall(GET)
            assert connection.recv(1000).endswith(b"hello")
            self.answers += 1

    def _kept(self) -> None:
        """Sends requests on one connection while the server keeps it open."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=10)
        while not self._stop.is_set():
            connection.request("POST", "/echo", body=b"hello")
            response = connection.getresponse()
            assert response.read() == b"hello"
            self.answers += 1
            if response.will_close:
                break
        connection.close()


def test_rolling_restart_causes_no_client_error() -> None:
    with ExitStack() as processes:
        old = processes.enter_context(edge_process())
        beside = processes.enter_context(edge_process(old.port))
        with Clients(old.port) as clients:
            for _ in range(RESTARTS):
                old.stop()
                old, beside = beside, processes.enter_context(edge_process(old.port))
                clients.go_on()
        assert clients.errors == []
