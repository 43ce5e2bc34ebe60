"""The clients: browsers with tabs, and thieves with copies; and the responses that they get."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.integration.sessions.model import Key, Token
from tests.integration.sessions.user_service import SEAL

COOKIE = "__Host-session_key"
#: The cookie of a session key, with its lifetime and all its attributes.
_ISSUED = re.compile(COOKIE + r"=([\w-]{22}\.\d+\.[\w-]{91}); Max-Age=(\d+); Path=/; HttpOnly; SameSite=Lax; Secure")
CLEARED = COOKIE + "=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"


@dataclass(slots=True)
class Jar:
    """The cookie jar of a browser, which its tabs share."""

    key: Key | None


@dataclass(slots=True)
class Client:
    """A tab, or a stolen copy of one. honest: it has only credentials that it was given."""

    user_id: str
    jar: Jar
    token: Token | None
    honest: bool = True
    sends_token: bool = True
    sends_key: bool = True

    @property
    def credentials(self) -> tuple[Token | None, Key | None]:
        """The credentials of its next request."""
        return self.token if self.sends_token else None, self.jar.key if self.sends_key else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. key, max_age_s: the session key that it sets, and its lifetime. cleared: it clears the cookie."""

    status: int
    headers: httpx2.Headers
    body: Any
    key: Key | None
    max_age_s: int
    cleared: bool

    @property
    def code(self) -> str | None:
        """The problem code of a refusal."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def access_token(self) -> str | None:
        """The access token of a renewal."""
        text: str | None = self.headers.get("x-access-token")
        return text


def answer_of(response: httpx2.Response) -> Answer:
    """Parses a response. AssertionError: its cookie does not have the required form."""
    cookies = response.headers.get_list("set-cookie")
    assert len(cookies) <= 1, cookies
    key, max_age_s = None, 0
    if cookies and cookies[0] != CLEARED:
        issued = _ISSUED.fullmatch(cookies[0])
        assert issued is not None, cookies
        text, max_age = issued.groups()
        facts = SEAL.open(text)
        key, max_age_s = Key(text, facts.session_id, facts.counter), int(max_age)
    body = response.json() if response.content else None
    return Answer(response.status_code, response.headers, body, key, max_age_s, cookies == [CLEARED])


def claims_of(token: str) -> dict[str, Any]:
    """Returns the claims of an access token."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def headers_of(token: Token | None, key: Key | None) -> Mapping[str, str]:
    """Returns the request headers of a same-origin page with these credentials."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.text}"
    if key is not None:
        headers["Cookie"] = f"{COOKIE}={key.text}"
    return headers
