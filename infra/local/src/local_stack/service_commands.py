"""Runs subcommands of the services, such as `migrate`, with the settings of a stack."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from local_stack.errors import ProcessFailedError
from local_stack.inventory import Inventory, program
from local_stack.processes import Launch, describe_exit, start
from local_stack.service_settings import migration_settings

#: The services that have a database.
MIGRATED = ("user-svc", "order-svc")


class ServiceCommands:
    """Runs subcommands for one inventory; ``announce`` receives the service and the subcommand."""

    def __init__(self, inventory: Inventory, announce: Callable[[str, str], None]) -> None:
        self._inventory = inventory
        self._announce = announce

    async def migrate(self, service: str) -> None:
        """Applies the pending migrations of ``service``.

        Raises:
            ProcessFailedError: a migration failed.
        """
        further = migration_settings(self._inventory.data, service, self._inventory.caller)
        await self.run(service, "migrate", further=further)

    async def run(self, service: str, *subcommand: str, further: Mapping[str, str] = MappingProxyType({})) -> None:
        """Runs a subcommand to its end; ``further`` are settings for it alone.

        Raises:
            ProcessFailedError: it failed; its log says why.
        """
        words = " ".join(subcommand)
        name = f"{service}-{'-'.join(subcommand)}"
        self._announce(service, words)
        log = self._inventory.data.log(name)
        environ = self._inventory.marked(name, {**self._inventory.environ, **further})
        process = start(Launch(name, (program(service), *subcommand), environ, log))
        try:
            await asyncio.to_thread(process.wait)
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode != 0:
            raise ProcessFailedError(f"{service} {words}", describe_exit(process.returncode), log)
