"""Ten times the clients that saturate the platform: goodput stays the same, and excess requests are rejected at once.

The load mixes expensive requests, logins with a password hash, and cheap reads.
"""

import asyncio
import time

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.load import Clients, Record, load, summary
from tests.faults.people import newcomer
from tests.faults.stage import Stage
from tests.running.stacks import Stack

#: The cost of a password hash in production.
_REAL_PASSWORDS = {"USER_SVC_ARGON2_MEMORY_KIB": "19456", "USER_SVC_ARGON2_TIME_COST": "2"}
# Enough to saturate two cores: with fewer, ten times as many would exceed the peak of one kind at the expense of the
# other.
_READERS = 24
_LOGINS = 4
_USERS = 8
_TIMES = 10
_KEPT = 0.8
_REFUSED_WITHIN_S = 0.05
_BEGIN_S = 1.5


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(_REAL_PASSWORDS), stage.either(10.0, 2.5)))


async def _run(stack: Stack, seconds: float) -> list[Finding]:
    # Many users at many addresses: a crowd of one client would only meet its own share. The one that logs in is another
    # user, since frequent logins end the oldest sessions.
    readers, visitor = [await newcomer(stack.url) for _ in range(_USERS)], await newcomer(stack.url)
    reads = [reader.get(f"/api/v1/orders/{await reader.place(stack.url)}") for reader in readers]

    async def offered(times: int) -> Record:
        """Returns what this multiple of the usual clients sees within the time, once all have started."""
        clients = (
            *(
                Clients("read", read, times * _READERS // _USERS, obedient=True, over_s=_BEGIN_S, network=number)
                for number, read in enumerate(reads)
            ),
            Clients("login", visitor.log_in(), times * _LOGINS, obedient=True, over_s=_BEGIN_S, network=_USERS),
        )
        async with load(stack.url, *clients) as record:
            await asyncio.sleep(_BEGIN_S)
            since_s = time.monotonic()
            await asyncio.sleep(seconds)
        return Record([seen for seen in record.seen if since_s <= seen.started_s + seen.took_s < since_s + seconds])

    peak, overload = await offered(1), await offered(_TIMES)
    return [*_refusals(overload), *(_kept(kind, peak, overload, seconds) for kind in ("read", "login"))]


def _refusals(overload: Record) -> list[Finding]:
    outcomes = overload.by_outcome()
    refused = Record([seen for seen in overload.seen if seen.code == "OVERLOADED"])
    explained = sum(
        seen.answer is not None
        and "retry-after" in seen.answer.headers
        and seen.answer.json()["decision"]["policy"] == "throttle"
        for seen in refused.seen
    )
    others = {name: number for name, number in outcomes.items() if name not in {"200", "503 OVERLOADED"}}
    return [
        at_least("refused requests", len(refused.seen), 1),
        counted("of which with Retry-After and decision", explained, len(refused.seen)),
        Finding("responses other than 200 and OVERLOADED", "none", summary(others), not others),
        at_most("p99 of refusals", refused.percentile_s(0.99) * 1000, _REFUSED_WITHIN_S * 1000, " ms", clock=True),
    ]


def _kept(kind: str, peak: Record, overload: Record, seconds: float) -> Finding:
    before, under = (record.of(kind).by_outcome().get("200", 0) / seconds for record in (peak, overload))
    return at_least(f"{kind}s done, of {before:.0f}/s", under, _KEPT * before, "/s", clock=True)


DRILL = Drill(
    16, "ten times the capacity", "503 with Retry-After within 50 ms; at least 80 % of the best throughput", run
)
