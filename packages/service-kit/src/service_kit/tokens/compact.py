"""Parses JWS Compact Serialization (RFC 7515 section 7.1), in the one form that the platform issues."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from service_kit.tokens.errors import TokenError

#: An access token has about 500 bytes; a longer text than this is refused unparsed.
MAX_TOKEN_BYTES = 8192

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
#: RFC 9068 section 2.1: the media type, with or without its "application/".
_TYPES = frozenset({"at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A well-formed token; its signature is not verified yet.

    kid: the id of the key that it names. signing_input: the signed bytes. payload: the JSON text of the claims.
    """

    kid: str
    signing_input: bytes
    signature: bytes
    payload: bytes


def read_compact(token: str) -> SignedToken:
    """Parses a token.

    `jwk`, `jku`, `x5c` and `x5u` in the header are never followed: keys come from the key set only (RFC 8725 section
    3.10).

    Raises:
        TokenError: It is malformed, or its header asks for an unsupported algorithm, type or extension.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenError("malformed", f"over {MAX_TOKEN_BYTES} bytes")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise TokenError("malformed", "not a compact JWS")
    header, payload, signature = match.groups()
    kid = _check_header(read_object(_decode(header), "header"))
    signing_input = token[: match.end(2)].encode()
    return SignedToken(kid, signing_input, _decode(signature), _decode(payload))


def read_object(text: bytes, what: str) -> dict[str, Any]:
    """Parses a JSON object strictly: no repeated name, no NaN or infinity; raises TokenError if it is malformed."""
    try:
        value = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        raise TokenError("malformed", f"the {what} is not JSON") from exc
    if not isinstance(value, dict):
        raise TokenError("malformed", f"the {what} is not a JSON object")
    return value


def _check_header(header: dict[str, Any]) -> str:
    # The key determines the algorithm; the header can only agree with it (RFC 8725 section 3.1).
    if header.get("alg") != "EdDSA":
        raise TokenError("invalid", "the algorithm is not the key's")
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenError("invalid", "the type is not at+jwt")
    if "crit" in header or "b64" in header:
        raise TokenError("invalid", "the header has unsupported extensions")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenError("malformed", "the header names no key")
    return kid


def _decode(segment: str) -> bytes:
    padded = segment + "=" * (-len(segment) % 4)
    try:
        value = urlsafe_b64decode(padded)
    except ValueError as exc:
        raise TokenError("malformed", "not base64url") from exc
    # RFC 4648 section 3.5: pad bits must be zero, or one signature would have sixteen spellings.
    if urlsafe_b64encode(value) != padded.encode():
        raise TokenError("malformed", "not canonical base64url")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
