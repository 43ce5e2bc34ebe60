"""Readiness: checks, bounds, draining."""

import asyncio
import time

from service_kit.lifecycle.readiness import CheckResult, Readiness


async def passes() -> None:
    return


async def fails() -> None:
    raise ConnectionError("refused")


async def hangs() -> None:
    await asyncio.sleep(60)


async def test_readiness_without_checks_is_ready() -> None:
    report = await Readiness().report()
    assert (report.ready, report.checks) == (True, {})


async def test_readiness_needs_every_required_check() -> None:
    readiness = Readiness()
    readiness.add("redis", passes)
    assert (await readiness.report()).ready
    readiness.add("postgres", fails)
    report = await readiness.report()
    assert not report.ready
    assert report.checks == {
        "redis": CheckResult(ok=True),
        "postgres": CheckResult(ok=False, reason="ConnectionError: refused"),
    }


async def test_optional_check_is_reported_and_does_not_decide() -> None:
    readiness = Readiness()
    readiness.add("redis", fails, required=False)
    report = await readiness.report()
    assert report.ready
    assert report.checks == {"redis": CheckResult(ok=False, reason="ConnectionError: refused", required=False)}


async def test_password_in_a_reason_is_masked() -> None:
    async def quotes() -> None:
        raise ConnectionError("redis://:hunter2@somewhere")

    readiness = Readiness()
    readiness.add("redis", quotes)
    assert "hunter2" not in (await readiness.report()).checks["redis"].reason


async def test_hanging_checks_time_out_together() -> None:
    readiness = Readiness()
    for name in ("a", "b", "c"):
        readiness.add(name, hangs)
    began = time.monotonic()
    report = await readiness.report()
    assert time.monotonic() - began < 2
    assert {result.reason for result in report.checks.values()} == {"no answer within 1 s"}


async def test_slow_cleanup_of_a_check_does_not_delay_the_report() -> None:
    cleaned = asyncio.Event()

    async def clings() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.shield(asyncio.sleep(1.5))
            cleaned.set()

    readiness = Readiness()
    readiness.add("a", clings)
    for _ in range(2):
        began = time.monotonic()
        assert not (await readiness.report()).ready
        assert time.monotonic() - began < 1.4
    await cleaned.wait()


async def test_concurrent_reports_share_the_checks() -> None:
    asked = 0

    async def counts() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)

    readiness = Readiness()
    readiness.add("a", counts)
    assert all(report.ready for report in await asyncio.gather(*(readiness.report() for _ in range(5))))
    assert asked == 1
    assert (await readiness.report()).ready
    assert asked == 2


async def test_draining_is_not_ready_and_runs_no_check() -> None:
    readiness = Readiness()
    readiness.add("a", hangs)
    readiness.draining = True
    report = await readiness.report()
    assert not report.ready
    assert report.checks == {"lifecycle": CheckResult(ok=False, reason="draining")}
