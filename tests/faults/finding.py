"""A single measurement of a drill, with its requirement."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was expected, what was measured, and whether that passes.

    clock: the measurement depends on the speed of the machine: only a drill on a quiet machine can judge it.
    """

    what: str
    expected: str
    measured: str
    passed: bool
    clock: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.measured} (expected: {self.expected})"


def always(what: str, expected: str, measured: Iterable[str]) -> Finding:
    """Returns a finding that passes if every measured value is the expected one."""
    seen = set(measured)
    return Finding(what, expected, ", ".join(sorted(seen)), seen == {expected})


def counted(what: str, measured: int, expected: int = 0) -> Finding:
    """Returns a finding that passes if the number is the expected one."""
    return Finding(what, str(expected), str(measured), measured == expected)


def at_most(what: str, measured: float, bound: float, unit: str = "", *, clock: bool = False) -> Finding:
    """Returns a finding that passes if the number is not above ``bound``."""
    return Finding(what, f"≤ {_shown(bound)}{unit}", f"{_shown(measured)}{unit}", measured <= bound, clock)


def at_least(what: str, measured: float, bound: float, unit: str = "", *, clock: bool = False) -> Finding:
    """Returns a finding that passes if the number is not below ``bound``."""
    return Finding(what, f"≥ {_shown(bound)}{unit}", f"{_shown(measured)}{unit}", measured >= bound, clock)


def _shown(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 or number == int(number) else f"{number:.3g}"
