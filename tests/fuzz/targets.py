"""All targets by name."""

from tests.fuzz import header_values, http1, http2, http2_frames, json_bodies, paths
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    module.TARGET.name: module.TARGET for module in (http1, http2, http2_frames, json_bodies, paths, header_values)
}
