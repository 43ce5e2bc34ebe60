"""Password hashes as dear as those of Headrace, but outside of it: what hashing alone takes, and takes from others."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from argon2 import PasswordHasher

from benchmarks.platform import PASSWORD

#: What user-svc uses unless set otherwise.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@contextmanager
def foreign_hashes(at_once: int) -> Iterator[None]:
    """Have another process hash on so many threads, over and over, while the context lasts."""
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
