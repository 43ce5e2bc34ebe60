"""The cost of the most expensive requests before they are validated: the longest event-loop step in ms.

The whole application of the gateway runs in this process, with bodies, header fields and targets that are expensive by
design, each of the largest accepted size. docs/security.md promises that no step takes longer than 10 ms.
"""

import shared_contracts
from loguru import logger
from service_kit.contract import Contract

from tests.running.admission_cost import costs_of, reference_s

_AIM_MS = 10.0
_SHOWN = 15


def run(_seconds: float) -> None:
    """Measures, and prints the most expensive requests."""
    logger.remove()
    costs = costs_of(Contract.load(shared_contracts.descriptor_set()))
    print(f"\nAdmission: the {_SHOWN} most expensive of {len(costs)} requests, longest step in ms")
    for cost in costs[:_SHOWN]:
        print(f"{cost.step_s * 1000:8.2f}  {cost.status}  {cost.request.kind}: {cost.request.form}")
    longest_ms, reference_ms = costs[0].step_s * 1000, reference_s() * 1000
    print(
        f"Admission: {longest_ms:.1f} ms (aim: {_AIM_MS:.0f} ms; the reference loop takes {reference_ms:.1f} ms here)"
    )
