"""The browser of this machine: the tests bring none along."""

import os
import shutil

SETTING = "HEADRACE_BROWSER"
HOW_TO_GET_ONE = (
    f"no Chromium or Chrome is on PATH: install one (Debian: apt-get install chromium), or set {SETTING} to its path"
)
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def browser_path() -> str | None:
    """Where it is; None: there is none. What the setting names is taken at its word, also when it is not there."""
    named = os.environ.get(SETTING)
    if named:
        return shutil.which(named) or named
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
