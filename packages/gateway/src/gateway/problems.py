"""Problem details (RFC 9457): what a client gets instead of an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from service_kit.request.errors import Violation

CONTENT_TYPE = b"application/problem+json"
_CHALLENGE = b'Bearer realm="headrace"'
# RFC 6750, 3.1: the error is named only where a token was presented.
_CHALLENGE_BAD_TOKEN = b'Bearer realm="headrace", error="invalid_token"'
_BAD_TOKEN = frozenset({"TOKEN_INVALID", "TOKEN_EXPIRED"})
#: A client that breaks more rules than this learns of the first ones.
_MAX_VIOLATIONS = 100


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a policy refused a request, and what the client can do about it.

    policy: the policy's name, the same as in the metric that counts its decisions ("rate_limit", "throttle",
    "breaker", "deadline", "body_memory", "connections", "authentication", "access", "cross_site").
    state: what the policy is in or found ("open", "exhausted", "expired" …). limit, remaining: of a quota.
    retry_after_s: when it makes sense to try again, in seconds.
    """

    policy: str
    state: str | None = None
    limit: int | None = None
    remaining: int | None = None
    retry_after_s: int | None = None

    def as_json(self) -> dict[str, Any]:
        members = ("policy", "state", "limit", "remaining", "retry_after_s")
        return {name: value for name in members if (value := getattr(self, name)) is not None}


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 (the term of RFC 9457)
    """A request that ends here, with the HTTP status ``status`` and the stable reason ``code``.

    detail: for people; nothing internal belongs in it. headers: further response headers, names in lower case.
    """

    status: int
    code: str
    detail: str = ""
    violations: Sequence[Violation] = field(default=())
    decision: Decision | None = None
    headers: Sequence[tuple[bytes, bytes]] = field(default=())

    def response_headers(self) -> list[tuple[bytes, bytes]]:
        """Its own headers, Retry-After if the decision has a time for it, and a challenge with a 401."""
        headers = list(self.headers)
        if self.decision is not None and self.decision.retry_after_s is not None:
            headers.append((b"retry-after", b"%d" % self.decision.retry_after_s))
        if self.status == 401:
            headers.append((b"www-authenticate", _CHALLENGE_BAD_TOKEN if self.code in _BAD_TOKEN else _CHALLENGE))
        return headers

    def body(self, title: str, request_id: str) -> bytes:
        """The problem document as JSON."""
        document: dict[str, Any] = {
            "type": f"urn:headrace:reason:{self.code}",
            "title": title,
            "status": self.status,
            "detail": self.detail or title,
            "code": self.code,
            "request_id": request_id,
            "violations": [
                {"field": v.field, "rule": v.rule, "message": v.message} for v in self.violations[:_MAX_VIOLATIONS]
            ],
        }
        if self.decision is not None:
            document["decision"] = self.decision.as_json()
        return orjson.dumps(document)
