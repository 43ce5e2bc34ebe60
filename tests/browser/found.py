"""Finds a browser on this machine: the tests install none."""

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
    """Returns the path of the browser; None if there is none. A browser named by the setting is never replaced."""
    named = os.environ.get(SETTING)
    if named:
        return shutil.which(named) or named
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
