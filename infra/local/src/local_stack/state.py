"""state.json: the processes of the running stack and their addresses."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local_stack.errors import StackError


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the stack; the servers have no admin address."""

    pid: int
    url: str
    admin_url: str | None


def read(path: Path) -> dict[str, Process]:
    """Returns the processes in ``path``, in the order in which they were started; none if the file does not exist.

    Raises:
        StackError: the file is not readable, or is not a state file.
    """
    try:
        services = json.loads(path.read_text())["services"]
        return {name: Process(**fields) for name, fields in services.items()}
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise StackError(f"cannot read {path}: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise StackError(f"{path} does not describe a stack; if none runs, remove that file") from exc


def write(path: Path, processes: Mapping[str, Process]) -> None:
    """Replaces ``path`` atomically: a reader never sees a part of it."""
    content = {"services": {name: asdict(process) for name, process in processes.items()}}
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(content, indent=2) + "\n")
    scratch.replace(path)
