"""The inside of a token: the claims of the RFC 9068 profile, and ours."""

from collections.abc import Mapping
from typing import Any

from service_kit.request.principal import ADMIN, Principal
from service_kit.tokens.errors import TokenError

#: Integers beyond this are not the same number to every reader of JSON (RFC 8259 section 6).
_MAX_INTEGER = 2**53 - 1
_MAX_TEXT_CHARACTERS = 1024
_ROLES = frozenset({"user", ADMIN})


def read_principal(claims: Mapping[str, Any], *, issuer: str, audience: str) -> Principal:
    """The principal that the claims of a signed token name; times are read, not judged.

    TokenError: a claim is missing or of another type (malformed), or the token is another's or for another (invalid).
    """
    audiences = claims.get("aud")
    if isinstance(audiences, str):
        audiences = [audiences]
    if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
        raise TokenError("malformed", "the claim aud is missing or no text")
    if _text(claims, "iss") != issuer:
        raise TokenError("invalid", "it is of another issuer")
    if audience not in audiences:
        raise TokenError("invalid", "it is for another audience")
    return Principal(
        user_id=_text(claims, "sub"),
        role=_role(claims),
        session_id=_text(claims, "sid"),
        token_id=_text(claims, "jti"),
        key_counter=_integer(claims, "skc"),
        issued_at=_integer(claims, "iat"),
        expires_at=_integer(claims, "exp"),
    )


def read_not_before(claims: Mapping[str, Any]) -> int:
    """The claim `nbf`, in Unix seconds; 0 where there is none. TokenError: malformed."""
    return _integer(claims, "nbf") if "nbf" in claims else 0


def _role(claims: Mapping[str, Any]) -> str:
    role = _text(claims, "role")
    if role not in _ROLES:
        raise TokenError("invalid", "its role is none of ours")
    return role


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # Printable: no store and no protocol that these texts go on to takes a NUL or half of a surrogate pair.
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT_CHARACTERS or not value.isprintable():
        raise TokenError("malformed", f"the claim {name} is missing or no text")
    return value


def _integer(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    # bool is an int to Python, not to JSON.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_INTEGER:
        raise TokenError("malformed", f"the claim {name} is missing or no whole number")
    return value
