"""Scripts for wrk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.platform import PASSWORD, Platform

# Everybody logs in in turn, for it is everybody who does.
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
    """Register so many accounts, and yield the path of a script that logs them in, over and over."""
    for number in range(accounts):
        account = {"email": f"bench-{number}@example.com", "name": "Bench", "password": PASSWORD}
        platform.post("/api/users/reg", account)
    with _script(_LOGGING_IN.format(accounts=accounts, password=PASSWORD)) as path:
        yield path


@contextmanager
def pausing(milliseconds: int) -> Iterator[Path]:
    """Yield the path of a script that has each connection pause before its next request."""
    with _script(f"function delay() return {milliseconds} end\n") as path:
        yield path


@contextmanager
def _script(text: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(text)
        script.flush()
        yield Path(script.name)
