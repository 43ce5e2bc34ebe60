"""All rows by number."""

import importlib
import pkgutil

from tests.faults import rows
from tests.faults.drill import Drill


def catalogue() -> dict[int, Drill]:
    """Returns the drill of every module rows/row….

    Raises:
        AssertionError: two rows have the same number.
    """
    drills: dict[int, Drill] = {}
    for module in pkgutil.iter_modules(rows.__path__):
        if module.name.startswith("row"):
            drill: Drill = importlib.import_module(f"{rows.__name__}.{module.name}").DRILL
            assert drill.number not in drills, f"two rows have the number {drill.number}"
            drills[drill.number] = drill
    return dict(sorted(drills.items()))
