"""A profile, independent of the formats that it is written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: Names and values, such as (("rpc", "order.v1.OrderService/GetOrder"),).
Labels = tuple[tuple[str, str], ...]


class Frame(NamedTuple):
    """A function on a stack, with its module. line: the current one; first_line: of the function; 0: unknown."""

    function: str
    file: str = ""
    line: int = 0
    first_line: int = 0


class ValueType(NamedTuple):
    """What a value counts, in pprof's terms: ("cpu", "nanoseconds")."""

    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A stack, innermost frame first, and one value for each of the profile's types."""

    stack: tuple[Frame, ...]
    values: tuple[int, ...]
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """Samples, and the types of their values; the last type is the main one.

    period: the amount of ``period_type`` between two samples. started_ns: Unix time. comments: shown by
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
