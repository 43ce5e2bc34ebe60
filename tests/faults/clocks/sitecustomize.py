"""Shifts the wall clock of a process; Python imports this module at its start if the folder is on its path.

HEADRACE_CLOCK names a file with the offset from the real time in seconds, read at every call, so that a clock can be
set while its process runs. time.time() and datetime.now() are shifted; monotonic clocks are not, as when an operator
sets the clock of a machine.
"""

import datetime as dt
import os
import time
from typing import Any

_FILE = os.environ.get("HEADRACE_CLOCK", "")
_REAL = dt.datetime
_real_time = time.time


def _ahead_s() -> float:
    try:
        with open(_FILE) as file:  # noqa: PTH123 - the less that is imported here, the better
            return float(file.read() or 0)
    except OSError:
        return 0.0


def _shifted_time() -> float:
    return _real_time() + _ahead_s()


class _Kind(type):
    """Makes instances of the real class count as instances of this one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL)


class _Shifted(_REAL, metaclass=_Kind):
    """datetime.datetime with a shifted now(); its instances are of the real class."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        return _REAL(*arguments, **named)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _REAL.fromtimestamp(_shifted_time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _REAL.fromtimestamp(_shifted_time(), dt.UTC).replace(tzinfo=None)


if _FILE:
    _Shifted.__name__ = _Shifted.__qualname__ = "datetime"
    _Shifted.__module__ = "datetime"
    time.time = _shifted_time
    dt.datetime = _Shifted  # type: ignore[misc]
