"""Folders of tests that need a program which may be missing; named on the command line, they fail without it."""

import shutil

from local_stack.servers.prometheus import HOW_TO_GET_IT

from tests.browser.found import HOW_TO_GET_ONE, browser_path

_CONTAINERS = "`just test-compose` runs them"


def left_out() -> dict[str, str]:
    """Returns the folders that are left out unless named, each with the reason and the remedy."""
    reasons = {"compose": _CONTAINERS, "conformance": "`just test-conformance` runs them"}
    if browser_path() is None:
        reasons["browser"] = HOW_TO_GET_ONE
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        reasons["observability"] = f"prometheus and promtool are not on PATH ({HOW_TO_GET_IT})"
    return reasons
