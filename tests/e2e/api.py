"""A plain client of the REST contract: no cookie jar, no redirects, no retries."""

import json
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import httpx2

from tests.e2e.bindings import ROWS, Style
from tests.running.secret_hooks import http_hooks

Fields = Mapping[str, Any]
Headers = Mapping[str, Any]


class Api:
    """A client of one gateway; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        forgetful = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx2.Client(
            base_url=url,
            cookies=forgetful,
            timeout=20,
            trust_env=False,
            verify=False,
            event_hooks=http_hooks(),
            limits=httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=2),
        )

    def __enter__(self) -> "Api":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def call(
        self,
        rpc: str,
        style: Style = Style.SHORT,
        fields: Fields | None = None,
        *,
        token: str | None = None,
        headers: Headers | None = None,
    ) -> httpx2.Response:
        """Calls a method; fields named in the path go there, the others into the body or the query."""
        binding = ROWS[rpc][style]
        fields = dict(fields or {})
        if "{user_id}" in binding.path:
            fields.setdefault("user_id", "me")
        path, rest = binding.fill(fields)
        if binding.has_body:
            return self.send(binding.verb, path, json_body=rest, token=token, headers=headers)
        if rest:
            path += "?" + urlencode(rest)
        return self.send(binding.verb, path, token=token, headers=headers)

    def send(
        self,
        verb: str,
        path: str,
        *,
        json_body: Any = None,
        content: bytes | None = None,
        token: str | None = None,
        headers: Headers | None = None,
    ) -> httpx2.Response:
        """Sends a request; `content` is sent as application/json unless `headers` say otherwise."""
        if json_body is not None:
            content = json.dumps(json_body).encode()
        sent = {"Content-Type": "application/json"} if content is not None else {}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return self._client.request(verb, path, content=content, headers={**sent, **(headers or {})})
