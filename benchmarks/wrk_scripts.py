"""Scripts for wrk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.platform import PASSWORD, Platform

# The accounts log in one after the other: one account alone would be throttled.
_LOGGING_IN = """
local next_account = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  next_account = (next_account + 1) % {accounts}
  local email = "bench-" .. next_account .. "@example.com"
  return wrk.format(nil, nil, nil, '{{"email":"' .. email .. '","password":"{password}"}}')
end
"""


@contextmanager
def logging_in(platform: Platform, accounts: int) -> Iterator[Path]:
    """Registers this many accounts, and yields the path of a script that logs them in repeatedly."""
    for number in range(accounts):
        account = {"email": f"bench-{number}@example.com", "name": "Bench", "password": PASSWORD}
        platform.post("/api/users/reg", account)
    with _script(_LOGGING_IN.format(accounts=accounts, password=PASSWORD)) as path:
        yield path


@contextmanager
def pausing(milliseconds: int) -> Iterator[Path]:
    """Yields the path of a script in which each connection pauses before its next request."""
    with _script(f"function delay() return {milliseconds} end\n") as path:
        yield path


@contextmanager
def _script(text: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(text)
        script.flush()
        yield Path(script.name)
