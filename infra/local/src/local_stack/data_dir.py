"""The folder in which a stack keeps everything that it writes."""

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

#: The package is never released: it always lies in a checkout, under infra/local/src/local_stack.
DEFAULT_DATA_DIR = Path(__file__).resolve().parents[4] / ".local"


@dataclass(frozen=True, slots=True)
class DataDir:
    """The paths below one data folder."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The home of the PostgreSQL cluster."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """The home of the Redis-compatible server."""
        return self.root / "redis"

    @property
    def prometheus(self) -> Path:
        """The home of Prometheus, where there is one."""
        return self.root / "prometheus"

    @property
    def secrets(self) -> Path:
        """Passwords, connection strings and the session secret, one file (0600) each."""
        return self.root / "secrets"

    @property
    def keys(self) -> Path:
        """The private keys with which user-svc signs."""
        return self.secrets / "keys"

    @property
    def inventory(self) -> Path:
        """What the running stack was started with; it holds environments, which may hold secrets."""
        return self.secrets / "inventory.json"

    @property
    def logs(self) -> Path:
        """One NAME.log for each process."""
        return self.root / "logs"

    @property
    def state(self) -> Path:
        """What runs where, as JSON."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """Held while processes are started or stopped on purpose; it also says that this folder is a stack's."""
        return self.root / "stack.lock"

    def command(self, *words: str) -> str:
        """Returns a command line of `just` that works on this folder, for hints."""
        place = () if self.root == DEFAULT_DATA_DIR else ("--data-dir", str(self.root))
        return shlex.join(("./just", *words[:1], *place, *words[1:]))

    def log(self, name: str) -> Path:
        """The log of the process ``name``."""
        return self.logs / f"{name}.log"

    def prepare(self, *, fresh: bool) -> None:
        """Make the folders, after emptying them when ``fresh``. Call it with the lock held."""
        try:
            if fresh:
                self._clear()
            for folder in (self.root, self.postgres, self.redis, self.logs, self.secrets, self.keys):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o700)  # whatever the umask of the caller is
            for log in self.logs.glob("*.log"):
                log.replace(log.with_suffix(".log.1"))  # the last run's are kept, for whoever asks why it ended
        except OSError as exc:
            raise StackError(f"cannot write to the data folder {self.root}: {exc.strerror}: {exc.filename}") from exc

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other `up` and `restart` off this folder.

        Raises:
            StackError: another one holds the lock, the folder is not a stack's, or cannot be written.
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
        """Hold the lock unless somebody else does; whether it is held here."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY)
        except FileNotFoundError:
            yield True  # whoever removed the folder holds nothing in it
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
        """Refuses root on another account's folder: what root leaves there, that account could not change again."""
        existing = next(folder for folder in (self.root, *self.root.parents) if folder.exists())
        owner = existing.stat().st_uid
        is_theirs = existing == self.root or os.environ.get("SUDO_UID") == str(owner)
        if os.geteuid() == 0 and owner != 0 and is_theirs:
            raise StackError(f"{existing} belongs to {_account(owner)}: run this as {_account(owner)}, without sudo")

    def _open_lock(self) -> Path:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # --fresh empties these folders: never those of somebody who just happens to use the same names.
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


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def resolve(path: str | None) -> DataDir:
    """The data folder at ``path`` (relative to the working directory), or the checkout's own."""
    return DataDir(Path(os.path.abspath(path)) if path else DEFAULT_DATA_DIR)  # noqa: PTH100  (symlinks stay as given)
