"""Starts single processes of a stack, waits until they are ready, and records them in state.json."""

import asyncio
import subprocess
from collections.abc import Callable, Mapping

from local_stack import readiness, state
from local_stack.errors import ProcessFailedError
from local_stack.inventory import Inventory, Replica, program
from local_stack.processes import Launch, describe_exit, start
from local_stack.secret_files import Secrets
from local_stack.servers.postgres import PostgresServer
from local_stack.servers.prometheus import PrometheusServer, prometheus_program
from local_stack.servers.redis import RedisServer

_READY_WITHIN_S = 60.0
_POLL_S = 0.05


class Launcher:
    """Starts the processes of one inventory, and records each in state.json as soon as it runs.

    recorded: the current entries of state.json. announce: receives the process and a text for each step.
    """

    def __init__(
        self, inventory: Inventory, recorded: Mapping[str, state.Process], announce: Callable[[str, str], None]
    ) -> None:
        self._inventory = inventory
        self._data = inventory.data
        self._announce = announce
        self._recorded = dict(recorded)
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    async def start_postgres(self, secrets: Secrets) -> None:
        """Starts PostgreSQL, with a new cluster if there is none, and returns once it accepts connections."""
        port = self._inventory.postgres_port
        created = (self._data.postgres / "created").exists()
        self._announce("postgres", "starting" if created else "creating the database cluster")
        log = self._data.log("postgres")
        environ = self._inventory.marked("postgres", _server_environ(self._inventory.environ))
        server = PostgresServer(self._data.postgres, port, secrets.postgres_password, log, environ)
        self._record("postgres", await server.start(), f"postgres://127.0.0.1:{port}", None)

    async def start_redis(self, secrets: Secrets) -> None:
        """Starts the Redis-compatible server, and returns once it has loaded its data."""
        port = self._inventory.redis_port
        environ = self._inventory.marked("redis", _server_environ(self._inventory.environ))
        log = self._data.log("redis")
        server = RedisServer(self._data.redis, port, secrets.redis_password, log, environ, secrets.redis_passwords)
        self._record("redis", await server.start(), f"redis://127.0.0.1:{port}", None)

    async def start_prometheus(self, port: int) -> None:
        """Starts Prometheus, and returns once it answers; it does not need the services to be up."""
        environ = self._inventory.marked("prometheus", _server_environ(self._inventory.environ))
        log = self._data.log("prometheus")
        targets = self._inventory.admin_addresses()
        server = PrometheusServer(
            prometheus_program() or "prometheus", self._data.prometheus, port, targets, log, environ
        )
        self._record("prometheus", await server.start(), f"http://127.0.0.1:{port}", None)

    def start_service(self, replica: Replica) -> None:
        """Starts a process of a service without waiting for it."""
        self._announce(replica.name, "starting")
        environ = self._inventory.marked(replica.name, replica.environ)
        launch = Launch(replica.name, (program(replica.service),), environ, self._data.log(replica.name))
        self._record(replica.name, start(launch), replica.url, replica.admin_url)

    async def await_ready(self, replica: Replica) -> None:
        """Returns once a process that this launcher started reports that it is ready.

        Raises:
            ProcessFailedError: it exited, or was not ready within 60 s.
        """
        status = readiness.Readiness(ready=False, reason="")
        log = self._data.log(replica.name)
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                while not status.ready:
                    code = self.children[replica.name].poll()
                    if code is not None:
                        raise ProcessFailedError(replica.name, describe_exit(code), log)
                    await asyncio.sleep(_POLL_S)
                    status = await readiness.check(replica.admin_url)
        except TimeoutError as exc:
            reason = f"not ready after {_READY_WITHIN_S:.0f} s ({status.reason})"
            raise ProcessFailedError(replica.name, reason, log) from exc
        self._announce(replica.name, "ready")

    def _record(self, name: str, child: subprocess.Popen[bytes], url: str, admin_url: str | None) -> None:
        self.children[name] = child
        self._recorded[name] = state.Process(child.pid, url, admin_url)
        state.write(self._data.state, self._recorded)


def _server_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment of a server: the caller's PG* and locale variables would change its behaviour."""
    return {"PATH": environ.get("PATH", ""), "LC_ALL": "C"}
