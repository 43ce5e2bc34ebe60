"""Password hashes as expensive as those of user-svc, in another process: the cost of hashing alone."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from argon2 import PasswordHasher

from benchmarks.platform import PASSWORD

#: The defaults of user-svc.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@contextmanager
def foreign_hashes(at_once: int) -> Iterator[None]:
    """Runs a process that hashes in a loop on this many threads, within the context."""
    process = subprocess.Popen([sys.executable, "-m", __name__, str(at_once)], start_new_session=True)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _hash_for_ever() -> None:
    while True:
        HASHER.hash(PASSWORD)


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        Thread(target=_hash_for_ever).start()
