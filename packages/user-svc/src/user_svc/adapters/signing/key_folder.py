"""The folder of signing keys, with one file `KID.json` for each. One process at a time changes it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from user_svc.adapters.signing.signing_key import SigningKey, SigningKeyError, from_text, to_text

_LOCK = ".lock"
_UNFINISHED = ".new"


class KeyFolder:
    """Reads and writes the folder. Every method may raise SigningKeyError, which names the path and the problem."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def stamp(self) -> tuple[tuple[int, int, int], float]:
        """Returns a value that changes with the folder's files, and the folder's mtime in Unix seconds.

        The value changes when a file is added, replaced or removed, and when a symbolic link to the folder is pointed
        at another one, as volumes of Kubernetes do.
        """
        with _os_errors(self.path):
            try:
                status = self.path.stat()
            except FileNotFoundError:
                raise self._empty() from None
        return (status.st_dev, status.st_ino, status.st_mtime_ns), status.st_mtime

    def read(self) -> list[SigningKey]:
        """Returns all keys in the order in which they sign; none without a folder. One damaged file is an error."""
        with _os_errors(self.path):
            try:
                # Not glob, which returns nothing for a folder that may not be read.
                paths = [path for path in self.path.iterdir() if path.suffix == ".json"]
            except FileNotFoundError:
                return []
        keys = [_read(path) for path in sorted(paths)]
        return sorted((key for key in keys if key is not None), key=lambda key: (key.signs_from, key.kid))

    def read_nonempty(self) -> list[SigningKey]:
        """Returns all keys; SigningKeyError without any."""
        keys = self.read()
        if not keys:
            raise self._empty()
        return keys

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Excludes other writers for the block. The system releases the lock if the process dies."""
        with _os_errors(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with _os_errors(self.path / _LOCK):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def write(self, key: SigningKey) -> None:
        """Writes a key, or replaces the one with its id, atomically."""
        path = self._file(key)
        unfinished = path.with_suffix(_UNFINISHED)
        with _os_errors(path):
            self._remove_unfinished()
            try:
                with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(to_text(key))
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            self._sync()

    def remove(self, key: SigningKey) -> None:
        """Deletes a key."""
        path = self._file(key)
        with _os_errors(path):
            path.unlink()
            self._sync()

    def _empty(self) -> SigningKeyError:
        return SigningKeyError(f"{self.path} holds no signing key; `user-svc keys create` makes one")

    def _file(self, key: SigningKey) -> Path:
        return self.path / f"{key.kid}.json"

    def _remove_unfinished(self) -> None:
        """Removes the files of writers that were killed: they hold private keys."""
        for left in self.path.glob(f"*{_UNFINISHED}"):
            left.unlink(missing_ok=True)

    def _sync(self) -> None:
        """Makes the names in the folder durable."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> SigningKey | None:
    """Returns the key of a file; None: it was removed since the folder was listed."""
    with _os_errors(path):
        try:
            return from_text(path.stem, path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as exc:
            raise SigningKeyError(f"{path}: {exc}") from None


@contextmanager
def _os_errors(path: Path) -> Iterator[None]:
    """Raises SigningKeyError for an error of the operating system."""
    try:
        yield
    except OSError as exc:
        raise SigningKeyError(f"{exc.filename or path}: {exc.strerror}") from exc
