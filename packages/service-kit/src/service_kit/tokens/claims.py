"""Reads the claims of a token: those of the RFC 9068 profile, and the platform's own."""

from collections.abc import Mapping
from typing import Any

from service_kit.request.principal import ADMIN, Principal
from service_kit.tokens.errors import TokenError

#: Larger integers are not interoperable in JSON (RFC 8259 section 6).
_MAX_INTEGER = 2**53 - 1
_MAX_TEXT_CHARACTERS = 1024
_ROLES = frozenset({"user", ADMIN})


def read_principal(claims: Mapping[str, Any], *, issuer: str, audience: str) -> Principal:
    """Returns the principal of a signed token's claims; times are read, not checked.

    Raises:
        TokenError: A claim is missing or of another type (malformed), or issuer, audience or role is wrong (invalid).
    """
    audiences = claims.get("aud")
    if isinstance(audiences, str):
        audiences = [audiences]
    if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
        raise TokenError("malformed", "the claim aud is missing or not a text")
    if _text(claims, "iss") != issuer:
        raise TokenError("invalid", "the issuer is another one")
    if audience not in audiences:
        raise TokenError("invalid", "the audience is another one")
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
    """Returns the claim `nbf` in Unix seconds, 0 if it is missing; raises TokenError if it is malformed."""
    return _integer(claims, "nbf") if "nbf" in claims else 0


def _role(claims: Mapping[str, Any]) -> str:
    role = _text(claims, "role")
    if role not in _ROLES:
        raise TokenError("invalid", "the role is unknown")
    return role


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # Printable: stores and protocols that these texts reach refuse NUL and lone surrogates.
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT_CHARACTERS or not value.isprintable():
        raise TokenError("malformed", f"the claim {name} is missing or not a text")
    return value


def _integer(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    # bool is an int in Python, but not in JSON.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_INTEGER:
        raise TokenError("malformed", f"the claim {name} is missing or not a whole number")
    return value
