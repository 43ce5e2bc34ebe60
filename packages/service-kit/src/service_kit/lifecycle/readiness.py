"""Readiness: whether this process should receive requests."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from service_kit.logs.redaction import redact

#: A check that takes longer (seconds) has failed: a probe does not wait longer.
CHECK_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    reason: why it is not ok; empty if it is. required: whether the process is not ready while the check fails.
    """

    ok: bool
    reason: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """The results of all checks. ready: all required checks are ok, and the process is not draining."""

    ready: bool
    checks: dict[str, CheckResult]


class Readiness:
    """The checks of the dependencies of this process, required and optional ones.

    draining: set at a stop signal; from then on the process is not ready, and no check runs.
    """

    def __init__(self) -> None:
        self.draining = False
        self._checks: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._not_required: set[str] = set()

    def add(self, name: str, check: Callable[[], Coroutine[Any, Any, None]], *, required: bool = True) -> None:
        """Adds a check to every report.

        Args:
            name: Of the check in the report.
            check: Returns if all is well; otherwise raises with the reason.
            required: False for an optional dependency, whose failure is only shown.
        """
        self._checks[name] = check
        if not required:
            self._not_required.add(name)

    async def report(self) -> ReadinessReport:
        """Runs all checks concurrently, in CHECK_TIMEOUT_S at most.

        Concurrent reports share the running checks, so that probes do not pile up behind a store that hangs.
        """
        if self.draining:
            return ReadinessReport(ready=False, checks={"lifecycle": CheckResult(ok=False, reason="draining")})
        names = tuple(self._checks)
        results = await asyncio.gather(*(self._result(name) for name in names))
        ready = all(result.ok or not result.required for result in results)
        return ReadinessReport(ready=ready, checks=dict(zip(names, results, strict=True)))

    async def _result(self, name: str) -> CheckResult:
        reason = await self._reason(name)
        return CheckResult(not reason, redact(reason), name not in self._not_required)

    async def _reason(self, name: str) -> str:
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._checks[name](), name=f"check {name}")
            task.add_done_callback(lambda _: self._running.pop(name))
        # Not by asyncio.timeout, which waits until a cancelled check has cleaned up.
        await asyncio.wait([task], timeout=CHECK_TIMEOUT_S)
        if not task.done() and not task.cancelling():
            task.cancel()
        if not task.done() or task.cancelled():
            return f"no answer within {CHECK_TIMEOUT_S:g} s"
        exc = task.exception()
        return f"{type(exc).__name__}: {exc}" if exc is not None else ""
