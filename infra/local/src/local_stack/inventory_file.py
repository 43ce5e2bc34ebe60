"""What a running stack was started with, kept so that one of its processes can be started again just as it was.

The environments may hold what the caller meant for nobody else, so the file lies among the secrets, and goes with the
stack.
"""

import json
from dataclasses import asdict

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.inventory import Inventory, Replica
from local_stack.secret_files import write as write_private


def write(inventory: Inventory) -> None:
    """Keep the inventory in its own data folder."""
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
    """The inventory of the stack that runs on this data folder.

    Raises:
        StackError: there is none that could be read.
    """
    try:
        content = json.loads(data.inventory.read_text())
        replicas = tuple(Replica(**fields) for fields in content.pop("replicas"))
        return Inventory(data, replicas=replicas, **content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        again = f"{data.command('down')}, then {data.command('up')}"
        raise StackError(f"{data.inventory} does not tell what this stack was started with: {again}") from exc
