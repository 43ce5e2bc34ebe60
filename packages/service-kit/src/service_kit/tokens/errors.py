"""Errors of token verification."""

from typing import Literal, TypeAlias

from grpclib.const import Status

from service_kit.request.errors import CallError

TokenErrorKind: TypeAlias = Literal["malformed", "expired", "invalid", "revoked"]


class TokenError(Exception):
    """A token that is not accepted, by the fault of the client.

    kind: "malformed": not an access token in form; "invalid": wrong signature, key, type, issuer, audience or time of
    issue; "expired": valid except for its expiry; "revoked": its session has ended.
    """

    def __init__(self, kind: TokenErrorKind, detail: str) -> None:
        super().__init__(f"{kind} token: {detail}")
        self.kind: TokenErrorKind = kind
        self.detail = detail


class KeySetUnavailableError(CallError):
    """No key has been fetched from the issuer yet, so no token can be verified; not the caller's fault."""

    def __init__(self) -> None:
        super().__init__(
            Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "Tokens cannot be verified yet; try again.", retry_after_s=1.0
        )
