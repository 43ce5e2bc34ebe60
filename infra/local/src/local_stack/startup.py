"""The start of a stack: servers, databases, migrations, services, in the order in which they need one another."""

import asyncio
import subprocess
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

from local_stack import databases, migrations, readiness, secret_files, state
from local_stack.errors import ProcessFailedError
from local_stack.inventory import Inventory, Replica, program
from local_stack.processes import Launch, describe_exit, start
from local_stack.secret_files import Secrets
from local_stack.servers.postgres import PostgresServer
from local_stack.servers.redis import RedisServer
from local_stack.service_settings import is_set, value

_READY_WITHIN_S = 60.0
_POLL_S = 0.05


class Startup:
    """Starts the processes of one inventory, and records each in state.json as soon as it runs."""

    def __init__(self, inventory: Inventory, announce: Callable[[str, str], None]) -> None:
        """``announce`` is told each step: of which process, and what."""
        self._inventory = inventory
        self._data = inventory.data
        self._announce = announce
        self._recorded: dict[str, state.Process] = {}
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    async def run(self) -> None:
        """Start everything, and return once all of it is ready.

        Raises:
            StackError: something failed; what was started before still runs.
        """
        made = secret_files.load_or_generate(self._data)
        ports = self._inventory
        secret_files.write_connections(self._data, made, postgres_port=ports.postgres_port, redis_port=ports.redis_port)
        await _together(self._start_postgres(made), self._start_redis(made), self._create_key())
        for replica in self._inventory.replicas:
            self._start_service(replica)
        await _together(*(self._await_ready(replica) for replica in self._inventory.replicas))

    async def _start_postgres(self, made: Secrets) -> None:
        port = self._inventory.postgres_port
        created = (self._data.postgres / "created").exists()
        self._announce("postgres", "starting" if created else "creating the database cluster")
        log = self._data.log("postgres")
        environ = self._inventory.marked("postgres", _bare(self._inventory.environ))
        server = PostgresServer(self._data.postgres, port, made.postgres_password, log, environ)
        self._record("postgres", await server.start(), f"postgres://127.0.0.1:{port}", None)
        applied = await databases.prepare(port, made, self._inventory.environ)
        self._announce("postgres", "ready")
        await _together(*(self._migrate(service, applied) for service in ("user-svc", "order-svc")))

    async def _start_redis(self, made: Secrets) -> None:
        port = self._inventory.redis_port
        environ = self._inventory.marked("redis", _bare(self._inventory.environ))
        server = RedisServer(self._data.redis, port, made.redis_password, self._data.log("redis"), environ)
        self._record("redis", await server.start(), f"redis://127.0.0.1:{port}", None)
        self._announce("redis", "ready")

    async def _migrate(self, service: str, applied: Mapping[str, set[str]]) -> None:
        package = service.replace("-", "_")
        elsewhere = is_set(f"{package.upper()}_DATABASE_URL", self._inventory.caller)
        if elsewhere or migrations.pending(package, applied[package]):
            await self._run(service, "migrate")

    async def _create_key(self) -> None:
        if _is_empty(Path(value("USER_SVC_KEY_DIR", self._inventory.environ))):
            await self._run("user-svc", "keys", "create")

    async def _run(self, service: str, *subcommand: str) -> None:
        """Run one of the service's subcommands to its end."""
        said = " ".join(subcommand)
        name = f"{service}-{'-'.join(subcommand)}"
        self._announce(service, said)
        environ = self._inventory.marked(name, self._inventory.environ)
        process = start(Launch(name, (program(service), *subcommand), environ, self._data.log(name)))
        try:
            await asyncio.to_thread(process.wait)
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode != 0:
            reason = describe_exit(process.returncode)
            raise ProcessFailedError(f"{service} {said}", reason, self._data.log(name))

    def _start_service(self, replica: Replica) -> None:
        self._announce(replica.name, "starting")
        environ = self._inventory.marked(replica.name, replica.environ)
        launch = Launch(replica.name, (program(replica.service),), environ, self._data.log(replica.name))
        self._record(replica.name, start(launch), replica.url, replica.admin_url)

    async def _await_ready(self, replica: Replica) -> None:
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


def _is_empty(folder: Path) -> bool:
    return not folder.is_dir() or not any(folder.iterdir())


async def _together(*steps: Coroutine[None, None, None]) -> None:
    """Run the steps at once; the first to fail stops the others, and is what is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None  # the others were told to stop, or failed for the same reason
