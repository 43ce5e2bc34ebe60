"""All faults, one after the other: the history of the orders stays consistent with what clients saw."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, counted
from tests.faults.history import Kind, Op, Outcome
from tests.faults.history_check import Rule, violations
from tests.faults.shoppers import Shop, look_at_the_outcome, shopping
from tests.faults.stage import Stage, kill, restart, send
from tests.running.polling import in_time
from tests.running.stacks import Stack

_REPLICAS = {"gateway": 2, "user-svc": 2, "order-svc": 2}
_HANGS_FOR_S = 2.0
_WELL_WITHIN_S = 30.0
_SEED = 2026


def _killed(name: str, *again: str) -> Callable[[Stack], None]:
    def play(stack: Stack) -> None:
        kill(stack, name)
        restart(stack, *again or (name,))

    return play


def _hanging(name: str) -> Callable[[Stack], None]:
    def play(stack: Stack) -> None:
        pid = send(stack, name, signal.SIGSTOP)
        time.sleep(_HANGS_FOR_S)  # how long it hangs is the fault
        os.kill(pid, signal.SIGCONT)

    return play


def _restarted(name: str) -> Callable[[Stack], None]:
    return lambda stack: restart(stack, name)


def _all_killed(stack: Stack) -> None:
    for name in ("order-svc", "order-svc-2", "user-svc", "user-svc-2"):
        kill(stack, name)
    restart(stack, "order-svc", "user-svc")


_FAULTS: Mapping[str, Callable[[Stack], None]] = {
    "kill -9 order-svc": _killed("order-svc", "order-svc-1"),
    "kill -9 postgres": _killed("postgres"),
    "kill -9 redis": _killed("redis"),
    "restart gateway": _restarted("gateway"),
    "SIGSTOP order-svc": _hanging("order-svc"),
    "restart order-svc": _restarted("order-svc"),
    "kill -9 user-svc": _killed("user-svc", "user-svc-1"),
    "SIGSTOP redis": _hanging("redis"),
    "restart redis": _restarted("redis"),
    "restart postgres": _restarted("postgres"),
    "kill -9 gateway": _killed("gateway", "gateway-1"),
    "kill -9 all services": _all_killed,
    "kill -9 postgres again": _killed("postgres"),
}
_SHORT = 3


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack(replicas=_REPLICAS)
    faults = list(_FAULTS.values())[: None if stage.long else _SHORT]
    async with shopping(stack.url, users=3, each=stage.either(3, 2), seed=_SEED) as shops:
        await _all_is_well(shops)
        for play in faults:
            await asyncio.to_thread(play, stack)
            await _all_is_well(shops)
    for shop in shops:
        await look_at_the_outcome(shop)
    history = [op for shop in shops for op in shop.ops]
    return [*_about(history, len(faults)), *_judged(history)]


async def _all_is_well(shops: list[Shop]) -> None:
    """Waits until every user has created an order that was requested after now."""
    since_s = time.monotonic()

    def created(op: Op) -> bool:
        return op.kind is Kind.CREATE and op.outcome is Outcome.OK and op.invoked_s > since_s

    async def all_created() -> bool | None:
        return True if all(any(created(op) for op in reversed(shop.ops)) for shop in shops) else None

    await in_time(all_created, within_s=_WELL_WITHIN_S)


def _about(history: list[Op], faults: int) -> list[Finding]:
    outcomes = Counter(op.outcome for op in history)
    kinds = {op.kind for op in history if op.outcome is Outcome.OK}
    summed = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    return [
        Finding(f"requests while {faults} faults are injected", "every kind succeeds", summed, kinds == set(Kind)),
        at_least("requests with an unknown outcome", outcomes[Outcome.UNKNOWN], 1, clock=True),
    ]


def _judged(history: list[Op]) -> list[Finding]:
    found = violations(history)
    broken = Counter(violation.rule for violation in found)
    for violation in found[:20]:
        print(f"{violation.rule}: {violation.about}", file=sys.stderr)
    return [counted(f"violations of “{rule}”", broken[rule]) for rule in Rule]


DRILL = Drill(
    28,
    "all of these faults, one after the other",
    "the history of every order, as clients observed it, is one that a correct store could produce",
    run,
)
