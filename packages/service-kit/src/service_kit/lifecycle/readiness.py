"""Whether this process should be sent requests."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from service_kit.logs.redaction import redact

#: A check that takes longer (seconds) has failed: whoever asks is a probe, and will not wait.
CHECK_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    reason: why it is not ok; empty when it is. required: whether requests should go elsewhere while it is not.
    """

    ok: bool
    reason: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks found: ready when all that are required are ok and the process is not draining."""

    ready: bool
    checks: dict[str, CheckResult]


class Readiness:
    """The checks of what this process needs before it should be sent requests, and of what it can do without.

    draining: set once the process is to stop; from then on it is not ready, whatever the checks would say.
    """

    def __init__(self) -> None:
        self.draining = False
        self._checks: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._not_required: set[str] = set()

    def add(self, name: str, check: Callable[[], Coroutine[Any, Any, None]], *, required: bool = True) -> None:
        """Ask ``check`` in every report: it returns when all is well, and raises, saying why, when not.

        required: False where the process goes on without, and only whoever reads the report should know.
        """
        self._checks[name] = check
        if not required:
            self._not_required.add(name)

    async def report(self) -> Report:
        """Run every check, all at once. It takes CHECK_TIMEOUT_S at most, however long a check does.

        Reports that are asked for at the same time share the checks, so that probes do not pile up behind a hung store.
        """
        if self.draining:
            return Report(ready=False, checks={"lifecycle": CheckResult(ok=False, reason="draining")})
        names = tuple(self._checks)
        results = await asyncio.gather(*(self._result(name) for name in names))
        ready = all(result.ok or not result.required for result in results)
        return Report(ready=ready, checks=dict(zip(names, results, strict=True)))

    async def _result(self, name: str) -> CheckResult:
        reason = await self._reason(name)
        return CheckResult(not reason, redact(reason), name not in self._not_required)

    async def _reason(self, name: str) -> str:
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._checks[name](), name=f"check {name}")
            task.add_done_callback(lambda _: self._running.pop(name))
        # Not by asyncio.timeout: what is cancelled may have to clean up first, and a probe will not wait for that.
        await asyncio.wait([task], timeout=CHECK_TIMEOUT_S)
        if not task.done() and not task.cancelling():
            task.cancel()
        if not task.done() or task.cancelled():
            return f"no answer within {CHECK_TIMEOUT_S:g} s"
        exc = task.exception()
        return f"{type(exc).__name__}: {exc}" if exc is not None else ""
