"""`just restart`: restarts processes one at a time, so that the others keep serving."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from local_stack import inventory_file, secret_files, state
from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.inventory import SERVERS, SERVICES, Inventory, service_of
from local_stack.launcher import Launcher
from local_stack.secret_files import Secrets
from local_stack.service_commands import MIGRATED, ServiceCommands
from local_stack.shutdown import running, stop_one

_Announce = Callable[[str, str], None]


async def restart(data: DataDir, wanted: Sequence[str], environ: Mapping[str, str], announce: _Announce) -> None:
    """Restarts these processes, or all of a service; each is ready before the next one is stopped.

    Processes that have died are only started, all of them first: they may need one another, and the others carry their
    load until then. Ports and environments stay the same, except for settings to which ``environ``, the caller's
    environment, gives another value.

    Raises:
        StackError: nothing runs, there is no such process, or a setting would move one; nothing was done.
        ProcessFailedError: a process did not start again; those after it were not touched.
    """
    if not state.read(data.state):
        raise StackError("Nothing is running.")
    with data.locked():
        recorded = state.read(data.state)
        names = dict.fromkeys(name for each in wanted for name in _named(each, list(recorded)))
        inventory = inventory_file.read(data).changed(names, environ)
        alive = running(data)
        launcher = Launcher(inventory, recorded, announce)
        await _start(launcher, inventory, [name for name in names if name not in alive], announce)
        for name in [name for name in names if name in alive]:
            _warn(name, list(recorded), announce)
            await stop_one(data, name, alive[name].pid, announce)
            await _start(launcher, inventory, [name], announce)
        inventory_file.write(inventory)  # only now: the processes have started with these settings


def _named(wanted: str, names: Sequence[str]) -> Iterator[str]:
    """Yields the processes that a name stands for: all of a service, or one; NAME-1 is the first replica alone."""
    if wanted in SERVICES:
        found = [name for name in names if service_of(name) == wanted]
    else:
        found = [name for name in names if name == wanted or (name in SERVICES and f"{name}-1" == wanted)]
    if not found:
        raise StackError(f"there is no {wanted!r} here; there are: {', '.join(names)}")
    yield from found


def _warn(name: str, names: Sequence[str], announce: _Announce) -> None:
    if name == "prometheus":
        announce(name, "no metrics are recorded until it is ready")
    elif name in SERVERS:
        announce(name, "it is the only one: requests that need it fail until it is ready")
    elif sum(service_of(other) == service_of(name) for other in names) == 1:
        announce(name, "it is the only one: its requests fail until it is ready (up --replicas makes more)")


async def _start(launcher: Launcher, inventory: Inventory, names: Sequence[str], announce: _Announce) -> None:
    """Starts these processes, the servers before the services, and returns once all are ready."""
    secrets = secret_files.load_or_generate(inventory.data)
    for name in names:
        if name in SERVERS:
            await _start_server(launcher, name, inventory, secrets)
            announce(name, "ready")
    replicas = [replica for replica in inventory.replicas if replica.name in names]
    commands = ServiceCommands(inventory, announce)
    for service in dict.fromkeys(replica.service for replica in replicas if replica.service in MIGRATED):
        await commands.migrate(service)  # the code may have been changed, and be newer than the schema
    for replica in replicas:
        launcher.start_service(replica)
    for replica in replicas:
        await launcher.await_ready(replica)


async def _start_server(launcher: Launcher, name: str, inventory: Inventory, secrets: Secrets) -> None:
    if name == "postgres":
        await launcher.start_postgres(secrets)
    elif name == "redis":
        await launcher.start_redis(secrets)
    elif inventory.prometheus_port is not None:
        await launcher.start_prometheus(inventory.prometheus_port)
