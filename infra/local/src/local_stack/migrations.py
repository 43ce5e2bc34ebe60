"""Which migrations a service brings along."""

import re
from importlib import util
from pathlib import Path

#: As dbmate reads a file's name: the version is the digits before the first other character.
_MIGRATION = re.compile(r"(\d+).*\.sql")


def pending(package: str, applied: set[str]) -> bool:
    """Whether the import package ``package`` has a migration that is not among those applied.

    To know this from file names saves the start of a process. Where they cannot be found, the answer is yes: the
    service's own `migrate` knows best.
    """
    spec = util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return True
    folder = Path(spec.submodule_search_locations[0]) / "migrations"
    names = [match for match in map(_MIGRATION.fullmatch, (path.name for path in folder.glob("*.sql"))) if match]
    return not names or any(name[1] not in applied for name in names)
