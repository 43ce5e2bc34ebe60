"""The stored inventory of a running stack: `restart` starts a process again exactly as it was.

The environments may hold secrets, so the file is stored among the secrets and is removed when the stack stops.
"""

import json
from dataclasses import asdict

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.inventory import Inventory, Replica
from local_stack.secret_files import write as write_private


def write(inventory: Inventory) -> None:
    """Stores the inventory in its data folder."""
    content = {
        "postgres_port": inventory.postgres_port,
        "redis_port": inventory.redis_port,
        "prometheus_port": inventory.prometheus_port,
        "caller": dict(inventory.caller),
        "environ": dict(inventory.environ),
        "replicas": [asdict(replica) for replica in inventory.replicas],
    }
    write_private(inventory.data.inventory, json.dumps(content))


def read(data: DataDir) -> Inventory:
    """Returns the inventory of the stack that runs on this data folder.

    Raises:
        StackError: the file is missing or unreadable.
    """
    try:
        content = json.loads(data.inventory.read_text())
        replicas = tuple(Replica(**fields) for fields in content.pop("replicas"))
        return Inventory(data, replicas=replicas, **content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        again = f"{data.command('down')}, then {data.command('up')}"
        raise StackError(f"{data.inventory} does not say how this stack was started: use {again}") from exc
