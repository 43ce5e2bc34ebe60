"""Whether this process should be sent requests."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

#: A check that takes longer (seconds) has failed: whoever asks is a probe, and will not wait.
CHECK_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. reason: why it is not ok; empty when it is."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks found: ready when all are ok and the process is not draining."""

    ready: bool
    checks: dict[str, CheckResult]


class Readiness:
    """The checks that must pass before this process should be sent requests.

    draining: set once the process is to stop; from then on it is not ready, whatever the checks would say.
    """

    def __init__(self) -> None:
        self.draining = False
        self._checks: dict[str, Callable[[], Awaitable[None]]] = {}

    def add(self, name: str, check: Callable[[], Awaitable[None]]) -> None:
        """Ask ``check`` in every report: it returns when all is well, and raises, saying why, when not."""
        self._checks[name] = check

    async def report(self) -> Report:
        """Run every check, all at once, each for at most CHECK_TIMEOUT_S."""
        if self.draining:
            return Report(ready=False, checks={"lifecycle": CheckResult(ok=False, reason="draining")})
        checks = dict(self._checks)
        results = await asyncio.gather(*(_run(check) for check in checks.values()))
        return Report(ready=all(result.ok for result in results), checks=dict(zip(checks, results, strict=True)))


async def _run(check: Callable[[], Awaitable[None]]) -> CheckResult:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except TimeoutError:
        return CheckResult(ok=False, reason=f"no answer within {CHECK_TIMEOUT_S:g} s")
    except Exception as exc:  # whatever a check raises is its finding
        return CheckResult(ok=False, reason=f"{type(exc).__name__}: {exc}")
    return CheckResult(ok=True)
