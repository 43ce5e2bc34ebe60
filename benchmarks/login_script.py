"""Everybody logs in in turn, for it is everybody who does: a script for wrk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.platform import PASSWORD, Platform

_SCRIPT = """
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
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT.format(accounts=accounts, password=PASSWORD))
        script.flush()
        yield Path(script.name)
