"""The writer of profile.proto, against the protobuf runtime and, where it is installed, `go tool pprof`."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_kit.profiling import proto
from service_kit.profiling.profile import Frame, Profile, Sample, ValueType

from tests.unit.service_kit.profiling.profile_proto import ReadProfile

INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
LINES = st.integers(min_value=0, max_value=2**31)
WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
FRAMES = st.builds(Frame, WORDS, WORDS, LINES, LINES)
LABELS = st.dictionaries(WORDS.filter(bool), WORDS, max_size=3).map(lambda each: tuple(each.items()))
SAMPLES = st.builds(Sample, st.lists(FRAMES, max_size=6).map(tuple), st.tuples(INT64, INT64), LABELS)
TYPES = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))


def example() -> Profile:
    main, handler = Frame("demo.__main__.main", "/srv/demo.py", 12, 10), Frame("demo.rpc.get", "/srv/rpc.py", 40, 33)
    samples = [
        Sample((handler, main), (3, 30_000_000), (("rpc", "demo.v1.Demo/Get"),)),
        Sample((main,), (1, 10_000_000)),
    ]
    return Profile("CPU", TYPES, samples, 1_790_000_000_000_000_000, 2_000_000_000, TYPES[1], 10_000_000, ("a word",))


@given(st.lists(SAMPLES, max_size=8))
def test_profile_proto_is_read_back_by_the_protobuf_runtime(samples: list[Sample]) -> None:
    profile = Profile("any", TYPES, samples, 1, 2, TYPES[1], 3, ("first", "second"))

    read = ReadProfile(proto.encode(profile, program="demo"))

    assert read.samples() == [(tuple(map(tuple, each.stack)), each.values, dict(each.labels)) for each in samples]
    assert read.types == [tuple(each) for each in TYPES]
    assert read.comments == ["first", "second"]


def test_profile_proto_has_all_other_fields() -> None:
    read = ReadProfile(proto.encode(example(), program="demo"))

    raw = read.raw
    assert (raw.time_nanos, raw.duration_nanos, raw.period) == (1_790_000_000_000_000_000, 2_000_000_000, 10_000_000)
    assert (read.text(raw.period_type.type), read.text(raw.period_type.unit)) == ("cpu", "nanoseconds")
    assert read.text(raw.default_sample_type) == "cpu"
    assert raw.string_table[0] == ""
    (mapping,) = raw.mapping
    assert read.text(mapping.filename) == "demo"
    assert (mapping.has_functions, mapping.has_filenames, mapping.has_line_numbers) == (True, True, True)
    assert len(raw.function) == len(raw.location) == 2


def test_empty_profile_is_encoded() -> None:
    empty = Profile("CPU", TYPES, [], 1)
    assert ReadProfile(proto.encode(empty, program="demo")).samples() == []


#: Go's distributions leave the tool to be built at its first use.
_BUILT_WITHIN_S = 280


@pytest.fixture
def go() -> str:
    return shutil.which("go") or ""


def pprof(go: str, *arguments: str) -> str:
    done = subprocess.run(
        [go, "tool", "pprof", *arguments], capture_output=True, text=True, timeout=_BUILT_WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_go_tool_pprof_reads_the_profile(tmp_path: Path, go: str) -> None:
    file = tmp_path / "cpu.pb.gz"
    file.write_bytes(proto.encode(example(), program="demo"))
    assert ReadProfile(file.read_bytes()).totals_by("rpc") == {"demo.v1.Demo/Get": 30_000_000, "": 10_000_000}
    if not go:  # what is above holds in any case
        return

    top = pprof(go, "-top", str(file))
    assert "File: demo" in top
    assert "Total samples = 40ms" in top
    assert "30ms 75.00% 75.00%       30ms 75.00%  demo.rpc.get" in top
    tags = pprof(go, "-tags", str(file))
    assert "30ms (75.00%): demo.v1.Demo/Get" in tags
    traces = pprof(go, "-traces", str(file))
    assert "rpc:  demo.v1.Demo/Get" in traces
    assert "samples/count cpu/nanoseconds" in pprof(go, "-raw", str(file))
