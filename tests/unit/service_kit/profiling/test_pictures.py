"""Profiles drawn as flame graphs."""

import xml.etree.ElementTree as ET

import pytest
from service_kit.profiling import flame_graph
from service_kit.profiling.call_tree import Node
from service_kit.profiling.flame_graph import format_amount
from service_kit.profiling.profile import Frame, Profile, Sample, ValueType

SVG = "{http://www.w3.org/2000/svg}"
TYPES = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))
MAIN, GET, PUT = (
    Frame("demo.main", "/srv/demo.py", 12, 10),
    Frame("demo.<get>", "/srv/a.py", 40, 33),
    Frame("x.put", "b"),
)


def profile(*samples: Sample) -> Profile:
    return Profile("CPU", TYPES, samples, 1, 2_000_000_000)


EXAMPLE = profile(
    Sample((GET, MAIN), (3, 30_000_000), (("rpc", 'Demo/<Get> & "more"'),)),
    Sample((GET._replace(line=41), MAIN), (1, 10_000_000), (("rpc", 'Demo/<Get> & "more"'),)),
    Sample((PUT, MAIN), (6, 60_000_000)),
)


def boxes(content: bytes) -> dict[str, tuple[float, float]]:
    """Returns left edge and width of each box, by its tooltip."""
    groups = ET.fromstring(content).findall(f"{SVG}g")  # noqa: S314 - our own
    found = {}
    for group in groups:
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        found[str(group.findtext(f"{SVG}title"))] = float(rect.attrib["x"]), float(rect.attrib["width"])
    return found


def test_box_is_as_wide_as_its_share_and_lies_within_its_callers() -> None:
    found = boxes(flame_graph.draw(EXAMPLE, program="demo"))
    left, whole = found["all: 100.00 ms, 100.0%"]
    x, width = found['rpc: Demo/<Get> & "more": 40.00 ms, 40.0%']
    assert width == pytest.approx(0.4 * whole, abs=0.1)
    inner_x, inner_width = found["demo.<get> (/srv/a.py): 40.00 ms, 40.0%"]
    assert x <= inner_x <= inner_x + inner_width <= x + width + 0.1 <= left + whole + 0.2
    assert sum(width for text, (_, width) in found.items() if text.startswith("demo.main")) == pytest.approx(
        whole, abs=0.2
    )


def test_flame_graph_loads_nothing_and_runs_nothing() -> None:
    content = flame_graph.draw(EXAMPLE, program="demo")
    assert b"<script" not in content
    assert b"href" not in content
    assert content.count(b"http") == 1  # the name of the format
    assert b"demo: CPU" in content


def test_empty_profile_is_drawn() -> None:
    assert boxes(flame_graph.draw(profile(), program="demo")) == {}


def test_deep_stack_is_drawn() -> None:
    deep = tuple(Frame(f"demo.f{number}", "demo.py") for number in range(256))
    assert len(boxes(flame_graph.draw(profile(Sample(deep, (1, 1))), program="demo"))) == 257


def test_call_tree_has_one_node_per_function_for_all_its_lines() -> None:
    root = Node.of(EXAMPLE)
    assert (root.total, root.depth()) == (100_000_000, 4)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_234_567, "nanoseconds", "1.23 ms"),
        (2_500_000_000, "nanoseconds", "2.50 s"),
        (100, "bytes", "100.0 B"),
        (2048, "bytes", "2.0 KiB"),
        (3 * 1024**3, "bytes", "3.0 GiB"),
        (7, "count", "7"),
    ],
)
def test_amounts_are_formatted_by_unit(value: int, unit: str, text: str) -> None:
    assert format_amount(value, unit) == text
