"""Writes docs/settings.md from the settings that the three services declare.

python infra/checks/settings_page.py [--check]: with --check, nothing is written, and the exit code is 1 if the page is
out of date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from gateway import settings as gateway
from order_svc import settings as order_svc
from service_kit.settings.declaration import Setting, declared_settings
from service_kit.settings.description import as_text
from user_svc import settings as user_svc

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
_SERVICES = (("gateway", gateway), ("user-svc", user_svc), ("order-svc", order_svc))
_HEAD = """\
<!-- Written by `just gen` from the settings.py of each service. -->

# Settings

Settings come from environment variables, and are validated when a process starts: all errors are reported at once, with
exit code 2. Any setting can come from a file instead: `NAME_FILE=/run/secrets/name`. Under `just up`, the variables of
the caller's environment reach the services.

`./just run gateway --help` lists the settings of a service, `./just run gateway --print-config` the values in force,
with secrets masked. `GET /config` on the admin port shows those of a running process.
"""


def page() -> str:
    """Returns the text of the page."""
    parts = [_HEAD]
    for name, module in _SERVICES:
        declared = list(declared_settings(module.Settings, module.PREFIX))
        parts.append(f"\n## {name}\n\n{len(declared)} settings.\n\n")
        parts.append("| setting | unit | default | range | what it is for |\n|---|---|---|---|---|\n")
        parts.extend(_row(each) for each in declared)
    return "".join(parts)


def _row(declared: Setting) -> str:
    default = "required" if declared.required else _code(as_text(declared.default))
    cells = [f"`{declared.variable}`", declared.unit, default, ", ".join(_range(declared)), declared.doc]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _range(declared: Setting) -> Iterator[str]:
    low, high = declared.minimum, declared.maximum
    if low is not None and high is not None:
        yield f"{low:.15g} to {high:.15g}"
    elif low is not None:
        yield f"≥ {low:.15g}"
    elif high is not None:
        yield f"≤ {high:.15g}"
    if declared.choices:
        yield ", ".join(_code(choice) for choice in declared.choices)
    if declared.min_length is not None:
        yield f"length ≥ {declared.min_length}"
    if declared.secret:
        yield "secret"


def main() -> int:
    """Writes the page, or compares it. Returns the exit code."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    sys.stderr.write(f"docs/{PAGE.name} is out of date; run `just gen`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
