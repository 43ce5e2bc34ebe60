"""The file format of https://www.speedscope.app (https://www.speedscope.app/file-format-schema.json)."""

from typing import Any

import orjson

from service_kit.profiling.call_tree import label_frames
from service_kit.profiling.profile import Frame, Profile

_UNITS = {"nanoseconds", "bytes"}


def encode(profile: Profile, *, program: str) -> bytes:
    """One profile, of the type that matters most. Labels, which the format does not know, are its outermost frames."""
    frames: dict[Frame, int] = {}
    samples = []
    for sample in profile.samples:
        stack = (*label_frames(sample), *reversed(sample.stack))
        # One box for a function, whatever line of it was running.
        samples.append([frames.setdefault(each._replace(line=each.first_line), len(frames)) for each in stack])
    weights = [sample.values[-1] for sample in profile.samples]
    unit = profile.types[-1].unit
    name = f"{program}: {profile.title}"
    recorded = {
        "type": "sampled",
        "name": name,
        "unit": unit if unit in _UNITS else "none",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "headrace",
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(frame) for frame in frames]},
        "profiles": [recorded],
    }
    return orjson.dumps(document)


def _frame(frame: Frame) -> dict[str, Any]:
    place = {"file": frame.file, "line": frame.first_line} if frame.file else {}
    return {"name": frame.function, **place}
