"""How long the state machines of sessions run: a few examples in the test suite, or for a given number of minutes.

The environment variable HEADRACE_SESSIONS_MINUTES selects the long run, which restarts with a new random seed until the
time is over.
"""

import os
import secrets
import time
from collections import Counter

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

MINUTES = "HEADRACE_SESSIONS_MINUTES"
_EXAMPLES_OF_ONE_SEED = 100
#: The report lines of a long run.
report: list[str] = []


def run_machine(machine: type[RuleBasedStateMachine], *, examples: int, steps: int, share: float) -> None:
    """Runs a machine for ``examples`` of ``steps`` each; in a long run for its ``share`` of the time, above 0 to 1."""
    ran: Counter[str] = Counter()

    class Counted(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            ran["examples"] += 1

        def check_invariants(self, *args: object, **more: object) -> None:
            ran["steps"] += 1
            super().check_invariants(*args, **more)

    Counted.__name__ = Counted.__qualname__ = machine.__name__
    minutes = os.environ.get(MINUTES)
    if minutes is None:
        _run(Counted, examples, steps)
        return
    until = time.monotonic() + float(minutes) * 60 * share
    try:
        while time.monotonic() < until:
            number = secrets.randbits(64)
            ran["seeds"] += 1
            report.append(f"{machine.__name__}: seed {number} failed")
            _run(seed(number)(Counted), _EXAMPLES_OF_ONE_SEED, steps)
            report.pop()
    finally:
        report.append(f"{machine.__name__}: " + ", ".join(f"{count} {what}" for what, count in sorted(ran.items())))


def _run(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            print_blob=True,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
