"""A row: a fault, what must happen, and how to find out."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.finding import Finding
from tests.faults.stage import Stage


@dataclass(frozen=True, slots=True)
class Drill:
    """number: of the row. fault: what breaks. must: what has to happen then, in a line each.

    beside: the long form takes minutes and little else, so that it is played beside the other rows, on its own stage.
    """

    number: int
    fault: str
    must: str
    run: Callable[[Stage], list[Finding]]
    beside: bool = False
