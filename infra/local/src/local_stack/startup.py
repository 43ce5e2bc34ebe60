"""The start of a stack: servers, databases, migrations, services, in the order in which they need one another."""

import asyncio
import subprocess
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

from local_stack import databases, inventory_file, migrations, secret_files
from local_stack.inventory import Inventory
from local_stack.launcher import Launcher
from local_stack.secret_files import Secrets
from local_stack.service_commands import MIGRATED, ServiceCommands
from local_stack.service_settings import is_set, value


class Startup:
    """Starts all processes of one inventory."""

    def __init__(self, inventory: Inventory, announce: Callable[[str, str], None]) -> None:
        """``announce`` is told each step: of which process, and what."""
        self._inventory = inventory
        self._data = inventory.data
        self._announce = announce
        self._launcher = Launcher(inventory, {}, announce)
        self._commands = ServiceCommands(inventory, announce)

    @property
    def children(self) -> Mapping[str, subprocess.Popen[bytes]]:
        """The processes that were started up to now."""
        return self._launcher.children

    async def run(self) -> None:
        """Start everything, and return once all of it is ready.

        Raises:
            StackError: something failed; what was started before still runs.
        """
        made = secret_files.load_or_generate(self._data)
        ports = self._inventory
        secret_files.write_connections(self._data, made, postgres_port=ports.postgres_port, redis_port=ports.redis_port)
        inventory_file.write(self._inventory)
        await _together(
            self._start_postgres(made), self._start_redis(made), self._create_key(), self._start_prometheus()
        )
        for replica in self._inventory.replicas:
            self._launcher.start_service(replica)
        await _together(*(self._launcher.await_ready(replica) for replica in self._inventory.replicas))

    async def _start_postgres(self, made: Secrets) -> None:
        await self._launcher.start_postgres(made)
        applied = await databases.prepare(self._inventory.postgres_port, made, self._inventory.environ)
        self._announce("postgres", "ready")
        await _together(*(self._migrate(service, applied) for service in MIGRATED))

    async def _start_redis(self, made: Secrets) -> None:
        await self._launcher.start_redis(made)
        self._announce("redis", "ready")

    async def _start_prometheus(self) -> None:
        if self._inventory.prometheus_port is not None:
            await self._launcher.start_prometheus(self._inventory.prometheus_port)
            self._announce("prometheus", "ready")

    async def _migrate(self, service: str, applied: Mapping[str, set[str]]) -> None:
        package = service.replace("-", "_")
        elsewhere = is_set(f"{package.upper()}_DATABASE_URL", self._inventory.caller)
        if elsewhere or migrations.pending(package, applied[package]):
            await self._commands.migrate(service)

    async def _create_key(self) -> None:
        if _is_empty(Path(value("USER_SVC_KEY_DIR", self._inventory.environ))):
            await self._commands.run("user-svc", "keys", "create")


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
