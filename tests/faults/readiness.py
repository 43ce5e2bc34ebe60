"""The readiness that a process of a platform reports."""

import urllib.error
import urllib.request

from tests.running.stacks import Stack


def readiness_report(stack: Stack, name: str) -> str:
    """Returns the body of /readyz, ready or not."""
    try:
        with urllib.request.urlopen(f"{stack.admin_url(name)}/readyz", timeout=5) as response:  # noqa: S310 - our own
            return str(response.read().decode())
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.read().decode()
