"""Generates the dashboards that Grafana is provisioned with: sources/*.toml → dashboards/*.json.

python infra/observability/grafana/generate.py [--check]: with --check, writes nothing, and exits with 1 if a dashboard
is not current.
"""

import json
import sys
import tomllib
from pathlib import Path

from panels import Dashboard, Panel, as_json

_HERE = Path(__file__).resolve().parent
_SOURCES, _DASHBOARDS = _HERE / "sources", _HERE / "dashboards"


class SourceError(Exception):
    """A source cannot be read; the text names the file and the error."""


def generated() -> dict[Path, str]:
    """Returns the text of every dashboard, by its path.

    Raises:
        SourceError: a source is no TOML, or has a key that Panel or Dashboard does not have.
    """
    texts = {}
    for source in sorted(_SOURCES.glob("*.toml")):
        try:
            fields = tomllib.loads(source.read_text())
            panels = [Panel(**panel) for panel in fields.pop("panel")]
            dashboard = as_json(Dashboard(**fields, panels=panels))
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as exc:
            raise SourceError(f"{source}: {type(exc).__name__}: {exc}") from exc
        texts[_DASHBOARDS / f"{source.stem}.json"] = json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"
    return texts


def main() -> int:
    """Writes or checks the dashboards, and returns the exit code."""
    try:
        texts = generated()
    except SourceError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    foreign = sorted(set(_DASHBOARDS.glob("*.json")) - texts.keys())
    if "--check" in sys.argv[1:]:
        for path in (*stale, *foreign):
            sys.stderr.write(f"{path.relative_to(Path.cwd())} is not current: run `just gen`\n")
        return 1 if stale or foreign else 0
    for path in stale:
        path.write_text(texts[path])
    for path in foreign:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
