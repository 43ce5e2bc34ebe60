"""All targets by name."""

from tests.fuzz import header_values, http1, json_bodies, paths
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (http1.TARGET, json_bodies.TARGET, paths.TARGET, header_values.TARGET)
}
