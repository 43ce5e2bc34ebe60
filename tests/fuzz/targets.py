"""Every target, by name."""

from tests.fuzz import http1, json_bodies
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {target.name: target for target in (http1.TARGET, json_bodies.TARGET)}
