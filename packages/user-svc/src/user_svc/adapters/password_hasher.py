"""Password hashing with argon2id (RFC 9106), on a bounded pool of threads."""

import asyncio
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import argon2
from argon2.exceptions import VerifyMismatchError
from service_kit.telemetry.metrics import from_zero, meter
from service_kit.telemetry.seconds_histogram import seconds_histogram

from user_svc.adapters import glibc_malloc
from user_svc.domain.errors import PasswordQueueFullError

T = TypeVar("T")

#: Nice value of the hashing threads: they yield to the event loop of this process, not to other processes. Linux shares
#: the processors among sessions or containers first (sched(7), "The autogroup feature").
_NICENESS = 5
#: How long after the last hash the memory is returned to the system.
_TRIM_AFTER_S = 1.0

_duration = seconds_histogram("user_svc.password.hash.duration", "Time to compute one password hash")
_waits = seconds_histogram("user_svc.password.wait.duration", "Time that password hashes waited for a thread")


@dataclass(frozen=True, slots=True)
class HashingCost:
    """The cost parameters of argon2id. OWASP's minimum is 19 456 KiB, 2 passes and 1 lane."""

    memory_kib: int
    passes: int
    lanes: int


class Argon2Hasher:
    """The port PasswordHasher. Hashes on its own threads, since argon2 releases the interpreter's lock.

    A hash whose caller was cancelled before it began is not computed.

    Args:
        cost: of new hashes.
        threads: how many hashes run at once.
        queue: how many more may wait.
    """

    def __init__(self, cost: HashingCost, *, threads: int, queue: int) -> None:
        self._argon2 = argon2.PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
        self._cost = cost
        self._threads = threads
        self._capacity = threads + queue
        self._slots = threading.BoundedSemaphore(self._capacity)
        self._trim_timer: asyncio.TimerHandle | None = None
        self._executor = ThreadPoolExecutor(threads, "argon2", initializer=_lower_priority)
        instruments = meter("user_svc.passwords")
        self._refused = instruments.create_counter(
            "user_svc.password.refused", unit="{hash}", description="Password hashes refused because the queue was full"
        )
        from_zero(self._refused)
        self._waiting = instruments.create_up_down_counter(
            "user_svc.password.waiting", unit="{hash}", description="Password hashes that wait for a thread"
        )
        started = time.perf_counter()
        # A login with an unknown email is checked against this hash, so that it takes as long as with a known one.
        self._dummy_hash = self._argon2.hash("a password that no account has")
        self._full_cost_s = self._last_hash_s = time.perf_counter() - started

    async def __aenter__(self) -> "Argon2Hasher":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._trim_timer is not None:
            self._trim_timer.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        return await self._run(lambda: self._verify(password_hash or self._dummy_hash, password)) and bool(
            password_hash
        )

    def is_outdated(self, password_hash: str) -> bool:
        made_with = argon2.extract_parameters(password_hash)
        return (
            made_with.memory_cost < self._cost.memory_kib
            or made_with.time_cost < self._cost.passes
            or made_with.parallelism < self._cost.lanes
        )

    def _verify(self, password_hash: str, password: str) -> bool:
        started, outdated = time.perf_counter(), self.is_outdated(password_hash)
        try:
            return bool(self._argon2.verify(password_hash, password))
        except VerifyMismatchError:
            if outdated:
                self._pad_to_full_cost(started)
            return False
        finally:
            if not outdated:
                self._full_cost_s = time.perf_counter() - started

    def _pad_to_full_cost(self, started: float) -> None:
        """Sleeps until the verification has taken as long as the last one at the current cost.

        Otherwise, from a rise of the parameters until its owner logs in again, a faster refusal would reveal that the
        email has an account. The thread stays occupied, so that the queue does not reveal it either.
        """
        time.sleep(max(0.0, started + self._full_cost_s - time.perf_counter()))

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._slots.acquire(blocking=False):
            self._refused.add(1)
            raise PasswordQueueFullError(max(1, math.ceil(self._capacity * self._last_hash_s / self._threads)))
        self._waiting.add(1)
        future: Future[T] = self._executor.submit(self._timed, work, time.perf_counter())
        future.add_done_callback(self._on_done)
        self._trim_later()
        return await asyncio.wrap_future(future)

    def _trim_later(self) -> None:
        if self._trim_timer is not None:
            self._trim_timer.cancel()
        loop = asyncio.get_running_loop()
        self._trim_timer = loop.call_later(_TRIM_AFTER_S, self._executor.submit, glibc_malloc.trim)

    def _on_done(self, future: "Future[T]") -> None:
        self._slots.release()
        if future.cancelled():  # before it started
            self._waiting.add(-1)

    def _timed(self, work: Callable[[], T], queued: float) -> T:
        started = time.perf_counter()
        self._waiting.add(-1)
        _waits.record(started - queued)
        try:
            return work()
        finally:
            self._last_hash_s = time.perf_counter() - started
            _duration.record(self._last_hash_s)


def _lower_priority() -> None:
    if sys.platform == "linux":  # elsewhere, niceness is a property of the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
