"""The folder of signing keys, one file `KID.json` each: how it is read, and changed by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from user_svc.adapters.signing_key import SigningKey, SigningKeyError, from_text, to_text

_LOCK = ".lock"
_UNFINISHED = ".new"


class KeyFolder:
    """Every method may raise SigningKeyError, which names the path and what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def stamp(self) -> tuple[tuple[int, int, int], float]:
        """What changes when a file is added, replaced or removed, or the folder swapped; and its mtime in Unix seconds.

        A symbolic link is followed: a mounted volume may be updated by pointing it at another folder.
        """
        with _told(self.path):
            try:
                status = self.path.stat()
            except FileNotFoundError:
                raise self._empty() from None
        return (status.st_dev, status.st_ino, status.st_mtime_ns), status.st_mtime

    def read(self) -> list[SigningKey]:
        """All keys, the first to sign first; none where there is no folder. One damaged file spoils all."""
        with _told(self.path):
            try:
                # Not glob: that takes a folder that may not be read for an empty one.
                paths = [path for path in self.path.iterdir() if path.suffix == ".json"]
            except FileNotFoundError:
                return []
        keys = [_read(path) for path in sorted(paths)]
        return sorted((key for key in keys if key is not None), key=lambda key: (key.signs_from, key.kid))

    def read_some(self) -> list[SigningKey]:
        """All keys, of which there must be one."""
        keys = self.read()
        if not keys:
            raise self._empty()
        return keys

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other writer out; the system gives the lock back however the process ends."""
        with _told(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with _told(self.path / _LOCK):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def write(self, key: SigningKey) -> None:
        """Keeps a key, in place of the one with the same id; readers see it whole or not at all."""
        path = self._file(key)
        unfinished = path.with_suffix(_UNFINISHED)
        with _told(path):
            self._sweep()
            try:
                with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(to_text(key))
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            self._settle()

    def remove(self, key: SigningKey) -> None:
        """Takes a key away for good."""
        path = self._file(key)
        with _told(path):
            path.unlink()
            self._settle()

    def _empty(self) -> SigningKeyError:
        return SigningKeyError(f"{self.path} holds no signing key; `user-svc keys create` makes one")

    def _file(self, key: SigningKey) -> Path:
        return self.path / f"{key.kid}.json"

    def _sweep(self) -> None:
        """Removes what writers left that were killed: it holds private keys."""
        for left in self.path.glob(f"*{_UNFINISHED}"):
            left.unlink(missing_ok=True)

    def _settle(self) -> None:
        """Has the names in the folder survive a power cut."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> SigningKey | None:
    """The key of a file; None: it was removed since the folder was listed."""
    with _told(path):
        try:
            return from_text(path.stem, path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as exc:
            raise SigningKeyError(f"{path}: {exc}") from None


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Says an error of the system in our words."""
    try:
        yield
    except OSError as exc:
        raise SigningKeyError(f"{exc.filename or path}: {exc.strerror}") from exc
