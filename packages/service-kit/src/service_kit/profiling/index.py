"""The page at /debug/pprof/."""

import asyncio
import gc
import os
import threading
from html import escape

from service_kit.runtime.release import Release

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0; } p { color: GrayText; margin: .2rem 0 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .45rem .8rem .45rem 0; border-bottom: 1px solid #8884; }
td:first-child, th:first-child { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td:nth-child(2) { white-space: nowrap; } code { font-size: .9em; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  tr:first-child, td:first-child { display: none; }
  tr { display: block; padding: .6rem 0; border-bottom: 1px solid #8884; }
  tr td { display: block; border: 0; padding: 0; }
}
"""
#: Name, variants of its address, and description.
_PROFILES = (
    (
        "profile",
        ("profile?seconds=10", "profile?seconds=10&format=svg"),
        "CPU profile over 30 seconds, or over the given number (at most 300). 100 samples per second of processor"
        " time (hz). Labels: route and RPC of the request.",
    ),
    (
        "heap",
        ("heap?gc=1", "heap?seconds=10", "heap?seconds=10&format=svg"),
        "Objects that the garbage collector tracks, by type. With seconds: allocations in that time that are still"
        " alive, by call site; the process runs several times slower meanwhile.",
    ),
    ("goroutine", ("goroutine?debug=1", "goroutine?debug=2"), "The asyncio tasks: what each waits for, and where."),
    ("threadcreate", ("threadcreate?debug=1", "threadcreate?debug=2"), "The threads and their stacks."),
    ("cmdline", (), "The command line."),
    ("symbol", (), "Names for addresses: empty, because the profiles contain their names."),
)


def index_page(release: Release) -> str:
    """Returns the page as HTML; it loads nothing else."""
    counts = {
        "heap": len(gc.get_objects()),
        "goroutine": len(asyncio.all_tasks()),
        "threadcreate": threading.active_count(),
    }
    rows = "".join(
        f"<tr><td>{counts.get(name, '')}<td>{_links(name, others)}<td>{escape(meaning)}"
        for name, others, meaning in _PROFILES
    )
    about = f"{release.service} {release.version}, process {os.getpid()}, {release.python}, up {release.uptime_s:.0f} s"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(release.service)}: /debug/pprof/</title><style>{_STYLE}</style>"
        f"<h1>/debug/pprof/</h1><p>{escape(about)}</p>"
        f"<table><tr><th>Count<th>Profile<th>Description{rows}</table>"
    )


def _links(name: str, others: tuple[str, ...]) -> str:
    return "<br>".join(f'<a href="{escape(each)}"><code>{escape(each)}</code></a>' for each in (name, *others))
