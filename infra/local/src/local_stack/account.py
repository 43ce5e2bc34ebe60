"""The unprivileged account of PostgreSQL when the caller is root, and its access to files in private folders."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackError

_DESCRIPTORS = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Account:
    """A user id and a group id."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class InheritedPath:
    """A path for another program, and the file descriptors that it must inherit to open it."""

    path: str
    fds: tuple[int, ...]


def unprivileged() -> Account | None:
    """Returns the account to drop to, as PostgreSQL refuses to run as root; None if the caller is not root.

    Raises:
        StackError: the caller is root on a machine without the user `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as exc:
        raise StackError("PostgreSQL refuses to run as root, and there is no user `nobody` to run it as") from exc
    return Account(nobody.pw_uid, nobody.pw_gid)


@contextmanager
def inheritable(path: Path, account: Account | None) -> Iterator[InheritedPath]:
    """Gives the file or folder ``path`` to ``account``, and yields the path by which that account can open it.

    A data folder under root's home, or in a private temporary folder, cannot be reached by name from another account.
    Its descriptor can be inherited, and Linux opens /proc/self/fd/N without walking the folders above.
    """
    if account is None:
        yield InheritedPath(str(path), ())
        return
    os.chown(path, account.uid, account.gid)
    if not _DESCRIPTORS.is_dir():
        yield InheritedPath(str(path), ())
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield InheritedPath(str(_DESCRIPTORS / str(descriptor)), (descriptor,))
    finally:
        os.close(descriptor)


def is_readable_by_all(folder: Path) -> bool:
    """Returns whether every account may enter ``folder`` and read it."""
    passable = all(above.stat().st_mode & 0o001 for above in folder.parents)
    return passable and folder.stat().st_mode & 0o005 == 0o005
