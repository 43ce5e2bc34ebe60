"""The data folder: everything that a stack writes."""

import fcntl
import os
import pwd
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackError

#: The package is never released: it always runs from a checkout, in infra/local/src/local_stack.
DEFAULT_DATA_DIR = Path(__file__).resolve().parents[4] / ".local"


@dataclass(frozen=True, slots=True)
class DataDir:
    """One data folder: its paths, its lock, and the commands that work on it."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The folder of the PostgreSQL cluster."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """The folder of the Redis-compatible server."""
        return self.root / "redis"

    @property
    def prometheus(self) -> Path:
        """The folder of Prometheus, if it is installed."""
        return self.root / "prometheus"

    @property
    def secrets(self) -> Path:
        """Passwords, connection strings and the session secret, one file (0600) each."""
        return self.root / "secrets"

    @property
    def keys(self) -> Path:
        """The private signing keys of user-svc."""
        return self.secrets / "keys"

    @property
    def inventory(self) -> Path:
        """What the running stack was started with, environments included: they may hold secrets."""
        return self.secrets / "inventory.json"

    @property
    def logs(self) -> Path:
        """One NAME.log per process."""
        return self.root / "logs"

    @property
    def state(self) -> Path:
        """The running processes with their addresses, as JSON."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """The lock file, held while a command starts or stops processes; it also marks the folder as a stack's."""
        return self.root / "stack.lock"

    def command(self, *words: str) -> str:
        """Returns a command line of `just` for this folder, to print as a hint."""
        place = () if self.root == DEFAULT_DATA_DIR else ("--data-dir", str(self.root))
        return shlex.join(("./just", *words[:1], *place, *words[1:]))

    def log(self, name: str) -> Path:
        """Returns the log file of the process ``name``."""
        return self.logs / f"{name}.log"

    def prepare(self, *, fresh: bool) -> None:
        """Creates the folders, and empties them first when ``fresh``. The caller holds the lock."""
        try:
            if fresh:
                self._clear()
            for folder in (self.root, self.postgres, self.redis, self.logs, self.secrets, self.keys):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o700)  # regardless of the umask of the caller
            for log in self.logs.glob("*.log"):
                log.replace(log.with_suffix(".log.1"))  # keep the logs of the last run: they say why it ended
        except OSError as exc:
            raise StackError(f"cannot write to the data folder {self.root}: {exc.strerror}: {exc.filename}") from exc

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock: no other `up` or `restart` works on this folder meanwhile.

        Raises:
            StackError: another command holds the lock, the folder is not a stack's, or it cannot be written.
        """
        self._require_own()
        with self._open_lock().open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise StackError(f"another command is starting processes in {self.root}; wait for it to end") from exc
            yield

    @contextmanager
    def locked_if_free(self) -> Iterator[bool]:
        """Takes the lock unless another command holds it; yields whether it was taken."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY)
        except FileNotFoundError:
            yield True  # the folder was removed: nothing is left to hold
            return
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _require_own(self) -> None:
        """Refuses root on another account's folder: that account could not change the files that root leaves there."""
        existing = next(folder for folder in (self.root, *self.root.parents) if folder.exists())
        owner = existing.stat().st_uid
        is_theirs = existing == self.root or os.environ.get("SUDO_UID") == str(owner)
        if os.geteuid() == 0 and owner != 0 and is_theirs:
            raise StackError(
                f"{existing} belongs to {_account_name(owner)}: run this as {_account_name(owner)}, without sudo"
            )

    def _open_lock(self) -> Path:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # --fresh empties these folders: refuse a folder that holds the same names but is not a stack's.
            foreign = [entry.name for entry in self._contents() if entry.exists()]
            if foreign and not self.lock.exists():
                raise StackError(f"{self.root} is not the data folder of a local stack, and holds {', '.join(foreign)}")
            self.lock.touch()
        except OSError as exc:
            raise StackError(f"cannot write to the data folder {self.root}: {exc.strerror}") from exc
        return self.lock

    def _contents(self) -> tuple[Path, ...]:
        return (self.postgres, self.redis, self.prometheus, self.secrets, self.logs, self.state)

    def _clear(self) -> None:
        for entry in self._contents():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def resolve(path: str | None) -> DataDir:
    """Returns the data folder at ``path`` (relative to the working directory); without one, that of the checkout."""
    return DataDir(Path(os.path.abspath(path)) if path else DEFAULT_DATA_DIR)  # noqa: PTH100  (symlinks stay as given)
