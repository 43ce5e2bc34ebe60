"""The account that PostgreSQL runs under when we are root, and how it gets at files that it has no path to."""

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
    """A user and its group, by number."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A file for another program: the path by which it finds it, and the descriptors that it must inherit for that."""

    path: str
    fds: tuple[int, ...]


def unprivileged() -> Account | None:
    """The account to drop to: PostgreSQL refuses to run as root. None when we are not root.

    Raises:
        StackError: we are root on a machine without the user `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as exc:
        raise StackError("PostgreSQL refuses to run as root, and there is no user `nobody` to run it as") from exc
    return Account(nobody.pw_uid, nobody.pw_gid)


@contextmanager
def handed(path: Path, account: Account | None) -> Iterator[Handed]:
    """Hand the file or folder ``path`` over to ``account``.

    A data folder under root's home, or in a private temporary folder, cannot be reached by name from another account.
    Its descriptor can be inherited, though, and Linux opens /proc/self/fd/N without walking the folders above.
    """
    if account is None:
        yield Handed(str(path), ())
        return
    os.chown(path, account.uid, account.gid)
    if not _DESCRIPTORS.is_dir():
        yield Handed(str(path), ())
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield Handed(str(_DESCRIPTORS / str(descriptor)), (descriptor,))
    finally:
        os.close(descriptor)


def may_enter(folder: Path) -> bool:
    """Whether any account may walk down to ``folder`` and read it."""
    passable = all(above.stat().st_mode & 0o001 for above in folder.parents)
    return passable and folder.stat().st_mode & 0o005 == 0o005
