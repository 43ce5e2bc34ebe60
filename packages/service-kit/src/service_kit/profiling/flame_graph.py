"""A profile as a flame graph (https://www.brendangregg.com/flamegraphs.html), in one SVG without scripts.

Every box is a function; its width is its share of the total, and the functions that it calls are below it.
"""

import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from service_kit.profiling.call_tree import Node
from service_kit.profiling.profile import Profile

_WIDTH, _MARGIN, _ROW, _HEAD = 1200, 12, 18, 66
#: Narrower boxes are left out (pixels): too small to read or to point at.
_LEAST_WIDTH = 0.4
_LETTER = 6.6
_STYLE = """
svg { background: #fff; font: 11px ui-monospace, Menlo, Consolas, monospace; }
text { fill: #1d1d1f; } .title { font: 600 16px system-ui, sans-serif; } .note { font: 12px system-ui, sans-serif; }
rect { stroke: #fff; stroke-width: .6; } g:hover > rect { stroke: #1d1d1f; }
.all { fill: #d5d8dc; } .label { fill: #9fd3b6; } .ours { fill: #f6b26b; } .library { fill: #a9c7ec; }
.python { fill: #d9cdf0; }
@media (prefers-color-scheme: dark) {
  svg { background: #17191c; } .title, .note { fill: #e8e8ea; } rect { stroke: #17191c; }
  g:hover > rect { stroke: #e8e8ea; }
}"""
_OURS = ("service_kit", "shared_contracts")
_PYTHON = sysconfig.get_path("stdlib")
_LEGEND = (("label", "request"), ("ours", "this platform"), ("library", "libraries"), ("python", "Python's own"))


def draw(profile: Profile, *, program: str) -> bytes:
    """Returns the SVG, as UTF-8."""
    root = Node.of(profile)
    height = _HEAD + root.depth() * _ROW + _MARGIN
    unit = profile.types[-1].unit
    title = escape(f"{program}: {profile.title}")
    boxes = _Boxes(program, unit, root.total or 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">'
        f'<style>{_STYLE}</style><title>{title}</title><text class="title" x="{_MARGIN}" y="26">{title}</text>'
        f'<text class="note" x="{_MARGIN}" y="46">{_note(profile, root.total)}</text>'
        f"{''.join(_legend())}{''.join(boxes.of(root, _MARGIN, 0))}</svg>"
    ).encode()


def _note(profile: Profile, total: int) -> str:
    """Returns the totals: "1.27 s in 127 samples, taken in 3.0 s"."""
    counted = f"{sum(sample.values[0] for sample in profile.samples)} {profile.types[0].kind.rpartition('_')[2]}"
    note = counted if len(profile.types) == 1 else f"{format_amount(total, profile.types[-1].unit)} in {counted}"
    return f"{note}, taken in {profile.duration_ns / 1e9:.1f} s" if profile.duration_ns else note


def format_amount(value: int, unit: str) -> str:
    """Returns 1234567, "nanoseconds" as "1.23 ms"; 2048, "bytes" as "2.0 KiB"; other units as the number alone."""
    if unit == "nanoseconds":
        return f"{value / 1e9:.2f} s" if value >= 1e9 else f"{value / 1e6:.2f} ms"
    if unit == "bytes":
        size = float(value)
        for name in ("B", "KiB", "MiB"):
            if size < 1024:
                return f"{size:.1f} {name}"
            size /= 1024
        return f"{size:.1f} GiB"
    return str(value)


def _legend() -> Iterator[str]:
    x = _WIDTH - 460
    for kind, meaning in _LEGEND:
        yield f'<rect class="{kind}" x="{x}" y="34" width="14" height="14"/>'
        yield f'<text class="note" x="{x + 20}" y="46">{meaning}</text>'
        x += 110


@dataclass(frozen=True, slots=True)
class _Boxes:
    """The boxes of one graph. whole: the value of the root, in ``unit``."""

    program: str
    unit: str
    whole: int

    def of(self, node: Node, x: float, row: int) -> Iterator[str]:
        """Yields the box of ``node``, its left edge at ``x``, then the boxes of the functions that it called."""
        scale = (_WIDTH - 2 * _MARGIN) / self.whole
        width, y = node.total * scale, _HEAD + row * _ROW
        if width < _LEAST_WIDTH:
            return
        place = f" ({node.file})" if node.file else ""
        amount = format_amount(node.total, self.unit)
        tooltip = escape(f"{node.name}{place}: {amount}, {node.total / self.whole:.1%}")
        box = f'<rect class="{_kind(node, self.program)}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_ROW}"/>'
        text = escape(_fitting(node.name, width))
        yield f'<g><title>{tooltip}</title>{box}<text x="{x + 3:.1f}" y="{y + 13}">{text}</text></g>'
        for child in sorted(node.children.values(), key=lambda each: each.name):
            yield from self.of(child, x, row + 1)
            x += child.total * scale


def _fitting(name: str, width: float) -> str:
    """Returns the name, shortened to the width; its end is kept, because it is more specific than its beginning."""
    letters = int((width - 6) / _LETTER)
    if len(name) <= letters:
        return name
    return f"…{name[1 - letters :]}" if letters >= 4 else ""


def _kind(node: Node, program: str) -> str:
    """Returns the CSS class of a box. Boxes without a file are the root, labels, and types of objects."""
    package = node.name.partition(".")[0]
    if not node.file:
        return "label" if ": " in node.name else "all"
    if package in {"__main__", program.replace("-", "_"), *_OURS}:
        return "ours"
    return "python" if node.file.startswith((_PYTHON, "<")) and "-packages/" not in node.file else "library"
