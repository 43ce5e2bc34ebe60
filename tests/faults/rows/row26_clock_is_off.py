"""The clock of one process is five minutes off: only the validity of tokens depends on it."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

from tests.e2e.signers import signer_of
from tests.faults.broken_orders import by_breaker
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.http_client import Answer, HttpConnection
from tests.faults.load import Ask, Record, Seen, see, summary
from tests.faults.own_clocks import OwnClocks, own_clocks
from tests.faults.people import Person, newcomer
from tests.faults.stage import Stage
from tests.running.polling import in_time
from tests.running.stacks import Stack

_OFF_S = 300
#: Start and end of a token's validity relative to now: valid by every clock; not yet valid; expired.
_MIDDLE, _FRESH, _OLD = (-400, 500), (0, 900), (-700, 200)
_REFUSED = {_OFF_S: "ahead: 401 TOKEN_EXPIRED", -_OFF_S: "behind: 401 TOKEN_INVALID"}
_QUOTA = 60
_REFILLED = 20
_OPENS_WITHIN_S, _HEALS_WITHIN_S = 30.0, 30.0
_HEALS_SOON_S = 8.0
#: The open time of a breaker, and the observed part of it.
_OPEN_S, _STAYS_OPEN_S = 3.0, 1.0


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack, usual, judged, admitted = stage.stack(), Record(), Counter[str](), list[int]()
    settings = {"GATEWAY_RATE_LIMIT_DEFAULT": f"{_QUOTA}/60s", "GATEWAY_BREAKER_RESET_S": str(_OPEN_S)}
    async with own_clocks(stack, settings) as platform:
        for service in stage.either(("user-svc", "order-svc", "gateway"), ("order-svc", "gateway")):
            for ahead_s in (_OFF_S, -_OFF_S):
                await platform.set_clock(service, ahead_s)
                await _ask_the_usual(stack, platform.url, usual)
                judged[await _judge(stack, platform.url, service, ahead_s)] += 1
                if service == "gateway":
                    admitted.append(await _admitted(stack, platform.url))
            await platform.set_clock(service, 0)
        breaker = await _breaker(stack, platform) if stage.long else []
    outcomes = usual.by_outcome()
    return [
        at_least("requests with a valid token", len(usual.seen), 20),
        Finding("their answers", "200, 201", summary(outcomes), outcomes.keys() <= {"200", "201"}),
        Finding(
            "a token at either end",
            ", ".join(_REFUSED.values()),
            summary(judged),
            judged.keys() == {*_REFUSED.values()},
        ),
        at_least(f"admitted of {2 * _QUOTA} with a quota of {_QUOTA}", min(admitted), _QUOTA),
        at_most("the same, by the other clock", max(admitted), _QUOTA + _REFILLED),
        *breaker,
    ]


def _holding(stack: Stack, person: Person, life: tuple[int, int]) -> Person:
    """Returns the user with another token of the same session."""
    begins, ends = (round(time.time()) + seconds for seconds in life)
    claims = {"iat": begins, "exp": ends, "jti": secrets.token_hex(8)}
    return replace(person, token=signer_of(stack, person.token).mint(claims=claims))


async def _ask_the_usual(stack: Stack, url: str, record: Record) -> None:
    """Sends one request of each kind: a time that one process has written is read by another."""
    person = _holding(stack, await newcomer(stack.url), _MIDDLE)
    here, elsewhere = HttpConnection(url), HttpConnection(stack.url)
    placed = (await see(record, "create", here, person.order())).answer
    order_id = str(placed.json().get("order_id")) if placed is not None else ""
    for path in ("/api/v1/orders", f"/api/v1/orders/{order_id}", "/api/v1/users/me", "/api/v1/sessions"):
        await see(record, path, here, person.get(path))
    await see(record, "log in", here, person.log_in())
    await see(record, "cancel", elsewhere, _cancel(person, order_id))
    await see(record, "read", here, person.get(f"/api/v1/orders/{order_id}"))
    here.close()
    elsewhere.close()


def _cancel(person: Person, order_id: str) -> Ask:
    async def ask(connection: HttpConnection) -> Answer:
        body = {"status": "cancelled"}
        return await connection.request("PATCH", f"/api/v1/orders/{order_id}", token=person.token, body=body)

    return ask


async def _judge(stack: Stack, url: str, service: str, ahead_s: int) -> str:
    """Returns the outcome for a token that is valid by every clock but this one."""
    person = _holding(stack, await newcomer(stack.url), _OLD if ahead_s > 0 else _FRESH)
    path = "/api/v1/users/me" if service == "user-svc" else "/api/v1/orders"
    connection = HttpConnection(url)
    seen = await see(Record(), "judge", connection, person.get(path))
    connection.close()
    return f"{'ahead' if ahead_s > 0 else 'behind'}: {seen.status} {seen.code}".strip()


async def _admitted(stack: Stack, url: str) -> int:
    """Returns how many of twice the quota are admitted at once."""
    person, record, connection = _holding(stack, await newcomer(stack.url), _MIDDLE), Record(), HttpConnection(url)
    for _ in range(2 * _QUOTA):
        await see(record, "limited", connection, person.get("/api/v1/orders"))
    connection.close()
    return sum(seen.status == 200 for seen in record.seen)


async def _breaker(stack: Stack, platform: OwnClocks) -> list[Finding]:
    """Checks that a breaker stays open for its time, however the clock jumps."""
    # Late calls of fewer than three callers do not open a breaker.
    people = cycle([_holding(stack, await newcomer(stack.url), _MIDDLE) for _ in range(3)])
    record, connection = Record(), HttpConnection(platform.url)

    async def seen_at(expected: Callable[[Seen], bool]) -> float | None:
        seen = await see(record, "breaker", connection, next(people).get("/api/v1/orders"))
        return time.monotonic() if expected(seen) else None

    with platform.stopped("order-svc"):
        opened_s = await in_time(lambda: seen_at(by_breaker), within_s=_OPENS_WITHIN_S)
        await platform.set_clock("gateway", _OFF_S)
        let_through = 0
        while time.monotonic() < opened_s + _STAYS_OPEN_S:
            let_through += await seen_at(by_breaker) is None
            await asyncio.sleep(0.1)
    await platform.set_clock("gateway", -_OFF_S)
    healed_s = await in_time(lambda: seen_at(lambda seen: seen.status == 200), within_s=_HEALS_WITHIN_S)
    connection.close()
    await platform.set_clock("gateway", 0)
    return [
        counted("calls that a breaker let through when the clock jumped", let_through),
        at_most("calls recover after", healed_s - opened_s, _HEALS_SOON_S, " s", clock=True),
    ]


DRILL = Drill(26, "a clock is 5 minutes off", "only token leeway matters; breakers and limiters are not affected", run)
