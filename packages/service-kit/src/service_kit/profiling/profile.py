"""A profile: what was measured, before it takes any of the formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: Names and values, such as (("rpc", "order.v1.OrderService/GetOrder"),).
Labels = tuple[tuple[str, str], ...]


class Frame(NamedTuple):
    """A function on a stack, with its module. line: where it was; first_line: where it begins; 0: unknown."""

    function: str
    file: str = ""
    line: int = 0
    first_line: int = 0


class ValueType(NamedTuple):
    """What a number counts, in pprof's words: ("cpu", "nanoseconds")."""

    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A stack, innermost frame first, and a value of each of the profile's types."""

    stack: tuple[Frame, ...]
    values: tuple[int, ...]
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """Samples, and what their values mean; the last type is the one that matters most.

    period: how much of ``period_type`` lies between two samples. started_ns: since 1970. comments: shown by
    `go tool pprof -comments`.
    """

    title: str
    types: tuple[ValueType, ...]
    samples: Sequence[Sample]
    started_ns: int
    duration_ns: int = 0
    period_type: ValueType | None = None
    period: int = 0
    comments: tuple[str, ...] = ()
