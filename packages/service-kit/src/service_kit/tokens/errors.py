"""Why a token is not accepted."""

from typing import Literal, TypeAlias

from grpclib.const import Status

from service_kit.request.errors import CallError

TokenErrorKind: TypeAlias = Literal["malformed", "expired", "invalid", "revoked"]


class TokenError(Exception):
    """A token that is not accepted: the fault of who presents it.

    kind: "malformed": it is no access token of ours in form; "invalid": the signature, key, type, issuer, audience or
    time of issue is not what it must be; "expired": all is as it must be, only late; "revoked": its session has ended.
    """

    def __init__(self, kind: TokenErrorKind, detail: str) -> None:
        super().__init__(f"{kind} token: {detail}")
        self.kind: TokenErrorKind = kind
        self.detail = detail


class KeySetUnavailableError(CallError):
    """No key has been had from the issuer yet, so nothing can be said of any token: not the caller's fault."""

    def __init__(self) -> None:
        super().__init__(
            Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "Tokens cannot be verified yet; try again.", retry_after_s=1.0
        )
