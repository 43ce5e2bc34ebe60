"""Starts single processes of a stack, waits until they are ready, and records where they are."""

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

    recorded: what state.json says already. announce: is told each step, of which process and what.
    """

    def __init__(
        self, inventory: Inventory, recorded: Mapping[str, state.Process], announce: Callable[[str, str], None]
    ) -> None:
        self._inventory = inventory
        self._data = inventory.data
        self._announce = announce
        self._recorded = dict(recorded)
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    async def start_postgres(self, made: Secrets) -> None:
        """Start PostgreSQL, and return once it takes connections; the cluster is created if there is none."""
        port = self._inventory.postgres_port
        created = (self._data.postgres / "created").exists()
        self._announce("postgres", "starting" if created else "creating the database cluster")
        log = self._data.log("postgres")
        environ = self._inventory.marked("postgres", _bare(self._inventory.environ))
        server = PostgresServer(self._data.postgres, port, made.postgres_password, log, environ)
        self._record("postgres", await server.start(), f"postgres://127.0.0.1:{port}", None)

    async def start_redis(self, made: Secrets) -> None:
        """Start the Redis-compatible server, and return once it has read its data."""
        port = self._inventory.redis_port
        environ = self._inventory.marked("redis", _bare(self._inventory.environ))
        log = self._data.log("redis")
        server = RedisServer(self._data.redis, port, made.redis_password, log, environ, made.redis_passwords)
        self._record("redis", await server.start(), f"redis://127.0.0.1:{port}", None)

    async def start_prometheus(self, port: int) -> None:
        """Start Prometheus, and return once it answers; it waits for the services by itself."""
        environ = self._inventory.marked("prometheus", _bare(self._inventory.environ))
        log = self._data.log("prometheus")
        targets = self._inventory.admin_addresses()
        server = PrometheusServer(
            prometheus_program() or "prometheus", self._data.prometheus, port, targets, log, environ
        )
        self._record("prometheus", await server.start(), f"http://127.0.0.1:{port}", None)

    def start_service(self, replica: Replica) -> None:
        """Start a process of a service, and return at once."""
        self._announce(replica.name, "starting")
        environ = self._inventory.marked(replica.name, replica.environ)
        launch = Launch(replica.name, (program(replica.service),), environ, self._data.log(replica.name))
        self._record(replica.name, start(launch), replica.url, replica.admin_url)

    async def await_ready(self, replica: Replica) -> None:
        """Return once a process that was started here says that it is ready.

        Raises:
            ProcessFailedError: it ended instead, or took longer than 60 s.
        """
        answer = readiness.Answer(ready=False, reason="")
        log = self._data.log(replica.name)
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                while not answer.ready:
                    code = self.children[replica.name].poll()
                    if code is not None:
                        raise ProcessFailedError(replica.name, describe_exit(code), log)
                    await asyncio.sleep(_POLL_S)
                    answer = await readiness.ask(replica.admin_url)
        except TimeoutError as exc:
            reason = f"not ready after {_READY_WITHIN_S:.0f} s ({answer.reason})"
            raise ProcessFailedError(replica.name, reason, log) from exc
        self._announce(replica.name, "ready")

    def _record(self, name: str, child: subprocess.Popen[bytes], url: str, admin_url: str | None) -> None:
        self.children[name] = child
        self._recorded[name] = state.Process(child.pid, url, admin_url)
        state.write(self._data.state, self._recorded)


def _bare(environ: Mapping[str, str]) -> dict[str, str]:
    """For the servers: the caller's PG* and locale variables would change what they do."""
    return {"PATH": environ.get("PATH", ""), "LC_ALL": "C"}
