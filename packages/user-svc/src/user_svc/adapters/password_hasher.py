"""argon2id (RFC 9106), off the event loop and bounded."""

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

from user_svc.adapters import freed_memory
from user_svc.domain.errors import PasswordQueueFullError

T = TypeVar("T")

#: How far hashing steps back before the event loop of this process (nice values). Before other processes it does not:
#: Linux shares the processors among sessions, or containers, first (sched(7), "The autogroup feature").
_NICENESS = 5
#: After so long without a hash, their memory goes back to the system.
_IDLE_S = 1.0

_duration = seconds_histogram("user_svc.password.hash.duration", "How long single password hashes took")
_waits = seconds_histogram("user_svc.password.wait.duration", "How long hashes waited for a thread")


@dataclass(frozen=True, slots=True)
class HashingCost:
    """What one hash costs. OWASP's floor is 19 456 KiB with 2 passes and 1 lane."""

    memory_kib: int
    passes: int
    lanes: int


class Argon2Hasher:
    """Hashes passwords on threads of its own, for argon2 leaves the interpreter's lock while it works.

    threads: how many hashes run at once. queue: how many may wait besides. A hash that nobody waits for any more is
    not begun.
    """

    def __init__(self, cost: HashingCost, *, threads: int, queue: int) -> None:
        self._argon2 = argon2.PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
        self._cost = cost
        self._threads = threads
        self._capacity = threads + queue
        self._places = threading.BoundedSemaphore(self._capacity)
        self._giving_back: asyncio.TimerHandle | None = None
        self._executor = ThreadPoolExecutor(threads, "argon2", initializer=_step_back)
        instruments = meter("user_svc.passwords")
        self._refused = instruments.create_counter(
            "user_svc.password.refused", unit="{hash}", description="Hashes refused because the queue was full"
        )
        from_zero(self._refused)
        self._waiting = instruments.create_up_down_counter(
            "user_svc.password.waiting", unit="{hash}", description="Hashes that wait for a thread"
        )
        started = time.perf_counter()
        # What a login under an unknown email is checked against, so that it takes as long as any other.
        self._nobodys_hash = self._argon2.hash("a password that nobody has")
        self._full_s = self._last_hash_s = time.perf_counter() - started

    async def __aenter__(self) -> "Argon2Hasher":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._giving_back is not None:
            self._giving_back.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        return await self._run(lambda: self._verify(password_hash or self._nobodys_hash, password)) and bool(
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
        began, outdated = time.perf_counter(), self.is_outdated(password_hash)
        try:
            return bool(self._argon2.verify(password_hash, password))
        except VerifyMismatchError:
            if outdated:
                self._keep_waiting(began)
            return False
        finally:
            if not outdated:
                self._full_s = time.perf_counter() - began

    def _keep_waiting(self, began: float) -> None:
        """Takes as long as a hash of today's cost just did, in all.

        Or else, from the day on which parameters rise until its owner logs in again, a quicker refusal would tell that
        the email has an account. The thread stays taken: others must not be let in sooner either.
        """
        time.sleep(max(0.0, began + self._full_s - time.perf_counter()))

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            self._refused.add(1)
            raise PasswordQueueFullError(max(1, math.ceil(self._capacity * self._last_hash_s / self._threads)))
        self._waiting.add(1)
        future: Future[T] = self._executor.submit(self._timed, work, time.perf_counter())
        future.add_done_callback(self._ended)
        self._give_memory_back_later()
        return await asyncio.wrap_future(future)

    def _give_memory_back_later(self) -> None:
        if self._giving_back is not None:
            self._giving_back.cancel()
        loop = asyncio.get_running_loop()
        self._giving_back = loop.call_later(_IDLE_S, self._executor.submit, freed_memory.give_back)

    def _ended(self, future: "Future[T]") -> None:
        self._places.release()
        if future.cancelled():  # before it began
            self._waiting.add(-1)

    def _timed(self, work: Callable[[], T], asked: float) -> T:
        started = time.perf_counter()
        self._waiting.add(-1)
        _waits.record(started - asked)
        try:
            return work()
        finally:
            self._last_hash_s = time.perf_counter() - started
            _duration.record(self._last_hash_s)


def _step_back() -> None:
    if sys.platform == "linux":  # elsewhere, niceness belongs to whole processes
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
