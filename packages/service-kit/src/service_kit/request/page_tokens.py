"""Opaque page tokens, which encode positions in a list (https://google.aip.dev/158).

A token is base64url, without padding, of the packed position and the first 8 bytes of SHA-256 over the position and
the list's name. The digest protects no secret, since a position grants nothing: it detects tokens of another list.
"""

import base64
import binascii
import hashlib
from typing import ClassVar

from service_kit.request.errors import Violation

_DIGEST_BYTES = 8


class PageTokenInvalidError(Exception):
    """The token was not issued for this list."""

    violations: ClassVar[tuple[Violation, ...]] = (
        Violation("page_token", "page_token.known", "must be the next_page_token of a list with the same filters"),
    )

    def __init__(self) -> None:
        super().__init__("The page token was not issued for this list.")


def encode_page_token(position: bytes, list_name: str) -> str:
    """Returns the token of a position. list_name: identifies the list with its filters."""
    content = position + _digest(position, list_name)
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_page_token(token: str, list_name: str) -> bytes:
    """Returns the position of a token; raises PageTokenInvalidError if it was not issued for this list."""
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as exc:
        raise PageTokenInvalidError from exc
    position = content[:-_DIGEST_BYTES]
    # Python's base64 ignores unknown characters, so the canonical encoding is compared.
    if encode_page_token(position, list_name) != token:
        raise PageTokenInvalidError
    return position


def _digest(position: bytes, list_name: str) -> bytes:
    return hashlib.sha256(position + list_name.encode()).digest()[:_DIGEST_BYTES]
