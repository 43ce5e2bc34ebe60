"""Authentication for schemathesis, which loads this module by name (SCHEMATHESIS_HOOKS) in its own process.

The description has operations that end the current session or account. After a 401, schemathesis asks for new
credentials once and repeats the request.
"""

import json
import os
import secrets
import urllib.request
from pathlib import Path
from typing import Any

import schemathesis

#: The URL of the gateway.
URL_VARIABLE = "CONFORMANCE_URL"
#: A file with a JSON list of {"email", "password"}: administrators. Without it, each account is a new user.
ADMINISTRATORS_VARIABLE = "CONFORMANCE_ADMINISTRATORS"


@schemathesis.auth(retry_on=[401])
class Accounts:
    """Provides an access token until it is refused, then another one."""

    def __init__(self) -> None:
        listed = os.environ.get(ADMINISTRATORS_VARIABLE)
        self._administrators: list[dict[str, str]] = json.loads(Path(listed).read_text()) if listed else []

    def get(self, _case: "schemathesis.Case[Any]", _context: schemathesis.AuthContext) -> str:
        """Returns an access token of a new user, or of the next administrator that still exists."""
        if self._administrators:
            account = self._administrators.pop()
            return _token("/api/v1/sessions", account)
        password = secrets.token_urlsafe(24)
        account = {"email": f"user-{secrets.token_hex(8)}@example.com", "name": "A User", "password": password}
        return _token("/api/v1/users", account)

    def set(self, case: "schemathesis.Case[Any]", data: str, _context: schemathesis.AuthContext) -> None:
        """Adds the token to ``case``."""
        case.headers["Authorization"] = f"Bearer {data}"


def _token(path: str, body: dict[str, str]) -> str:
    request = urllib.request.Request(  # noqa: S310  (our own gateway)
        os.environ[URL_VARIABLE] + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  (our own gateway)
        answer: dict[str, Any] = json.load(response)
    return str(answer["access_token"])
