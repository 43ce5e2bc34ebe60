"""What the worst requests cost the event loop before they are known to be good, in ms of processor time.

The gateway's whole application is driven in this process, with bodies, header fields and targets that are made to cost
much, each of the largest size that is taken. docs/security.md promises that no step takes longer than 10 ms.
"""

import shared_contracts
from loguru import logger
from service_kit.contract import Contract

from tests.running.admission_cost import costs_of, reference_s

_AIM_MS = 10.0
_SHOWN = 15


def run(_seconds: float) -> None:
    """Measure, and print the most expensive requests."""
    logger.remove()
    costs = costs_of(Contract.load(shared_contracts.descriptor_set()))
    print(f"\nAdmission: the {_SHOWN} most expensive of {len(costs)} requests, longest step in ms")
    for cost in costs[:_SHOWN]:
        print(f"{cost.step_s * 1000:8.2f}  {cost.status}  {cost.request.kind}: {cost.request.form}")
    longest_ms, reference_ms = costs[0].step_s * 1000, reference_s() * 1000
    print(
        f"Admission: {longest_ms:.1f} ms (aim: {_AIM_MS:.0f} ms; the reference loop takes {reference_ms:.1f} ms here)"
    )
