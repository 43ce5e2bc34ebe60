"""Starts a stack: servers, databases, migrations, services, each after what it needs."""

import asyncio
import subprocess
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

from local_stack import databases, inventory_file, secret_files
from local_stack.inventory import Inventory
from local_stack.launcher import Launcher
from local_stack.secret_files import Secrets
from local_stack.service_commands import MIGRATED, ServiceCommands
from local_stack.service_settings import is_set, value


class Startup:
    """Starts all processes of one inventory."""

    def __init__(self, inventory: Inventory, announce: Callable[[str, str], None]) -> None:
        """``announce`` receives the process and a text for each step."""
        self._inventory = inventory
        self._data = inventory.data
        self._announce = announce
        self._launcher = Launcher(inventory, {}, announce)
        self._commands = ServiceCommands(inventory, announce)

    @property
    def children(self) -> Mapping[str, subprocess.Popen[bytes]]:
        """The processes started so far."""
        return self._launcher.children

    async def run(self) -> None:
        """Starts everything, and returns once all of it is ready.

        Raises:
            StackError: a step failed; the processes started before it still run.
        """
        secrets = secret_files.load_or_generate(self._data)
        ports = self._inventory
        secret_files.write_connections(
            self._data, secrets, postgres_port=ports.postgres_port, redis_port=ports.redis_port
        )
        inventory_file.write(self._inventory)
        await _together(
            self._start_postgres(secrets), self._start_redis(secrets), self._create_key(), self._start_prometheus()
        )
        for replica in self._inventory.replicas:
            self._launcher.start_service(replica)
        await _together(*(self._launcher.await_ready(replica) for replica in self._inventory.replicas))

    async def _start_postgres(self, secrets: Secrets) -> None:
        await self._launcher.start_postgres(secrets)
        applied = await databases.prepare(self._inventory.postgres_port, secrets, self._inventory.environ)
        self._announce("postgres", "ready")
        await _together(*(self._migrate(service, applied) for service in MIGRATED))

    async def _start_redis(self, secrets: Secrets) -> None:
        await self._launcher.start_redis(secrets)
        self._announce("redis", "ready")

    async def _start_prometheus(self) -> None:
        if self._inventory.prometheus_port is not None:
            await self._launcher.start_prometheus(self._inventory.prometheus_port)
            self._announce("prometheus", "ready")

    async def _migrate(self, service: str, applied: Mapping[str, set[str]]) -> None:
        package = service.replace("-", "_")
        elsewhere = is_set(f"{package.upper()}_DATABASE_URL", self._inventory.caller)
        if elsewhere or databases.has_pending_migrations(package, applied[package]):
            await self._commands.migrate(service)

    async def _create_key(self) -> None:
        if _is_empty(Path(value("USER_SVC_KEY_DIR", self._inventory.environ))):
            await self._commands.run("user-svc", "keys", "create")


def _is_empty(folder: Path) -> bool:
    return not folder.is_dir() or not any(folder.iterdir())


async def _together(*steps: Coroutine[None, None, None]) -> None:
    """Runs the steps concurrently; the first failure cancels the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None  # the others were cancelled, or failed for the same reason
