"""Other serializations than JWS Compact, and other encodings of it (RFC 7515 sections 2 and 7; RFC 4648)."""

import json
from string import ascii_letters, digits
from typing import Any

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from tests.examples.forgeries.signer import Forge, Signer, b64

_ALPHABET = ascii_letters.swapcase() + digits + "-_"
_TOO_LONG = 8192


def _parts(template: str) -> Forge:
    """Returns a forge that replaces h, p and s in the template by header, payload and signature."""

    def forge(signer: Signer) -> str:
        header, payload, signature = signer.mint().split(".")
        return "".join({"h": header, "p": payload, "s": signature}.get(sign, sign) for sign in template)

    return forge


def _around(before: str, after: str) -> Forge:
    return lambda signer: before + signer.mint() + after


def _inside(text: str) -> Forge:
    """Returns a forge that inserts the text into the encoded claims, and signs the result."""

    def forge(signer: Signer) -> str:
        payload = b64(signer.claims_text)
        return signer.sign_input(f"{b64(signer.header_text)}.{payload[:20]}{text}{payload[20:]}")

    return forge


def spare_bits(segment: str) -> str:
    """Returns base64url of the same bytes with the unused bits of the last character set (RFC 4648 section 3.5)."""
    assert len(segment) % 4 in {2, 3}, "no bit is unused"
    return segment[:-1] + _ALPHABET[_ALPHABET.index(segment[-1]) ^ 1]


def _spare(text: bytes) -> str:
    return spare_bits(b64(text + b" " * (len(text) % 3 == 0)))


def _spare_in_signature(signer: Signer) -> str:
    start, _, signature = signer.mint().rpartition(".")
    return f"{start}.{spare_bits(signature)}"


def _json(flattened: bool) -> Forge:
    def forge(signer: Signer) -> str:
        header, payload, signature = signer.mint().split(".")
        signed: dict[str, Any] = {"protected": header, "signature": signature}
        return json.dumps({"payload": payload, **(signed if flattened else {"signatures": [signed]})})

    return forge


def _encrypted(signer: Signer) -> str:
    header = {**signer.header, "alg": "dir", "enc": "A256GCM"}
    key = JWK(kty="oct", k=b64(signer.public))
    return str(JWE(signer.claims_text, json.dumps(header), recipient=key).serialize(compact=True))


def _nested(cty: Any) -> Forge:
    return lambda signer: signer.sign(
        json.dumps({**signer.header, **({"cty": cty} if cty else {})}).encode(), signer.mint().encode()
    )


SHAPES: dict[str, Forge] = {
    "nothing": lambda signer: "",
    **{
        template: _parts(template) for template in ("h", "h.p", "h.p.", ".p.s", "h..s", "..", "...", "h.p.s.", ".h.p.s")
    },
    **{template: _parts(template) for template in ("h.p.s.s", "h.p.s.s.s", "p.h.s", "s.p.h", "h.s.p", "hps", "h,p,s")},
    **{f"{before!r} before": _around(before, "") for before in ("\ufeff", "\0", "\n", " ", '"', "Bearer ", "ü")},
    **{f"{after!r} after": _around("", after) for after in ("\0", "\n", "\r\n", " ", "=", "==", "%00", ";", ",", "é")},
    **{f"{text!r} inside": _inside(text) for text in (" ", "\n", "\r\n", "\t", "\0", "=", "====", "+/", "*", "é", "-")},
    "padding in each part": _parts("h==.p==.s=="),
    "spare bits in the header": lambda s: s.sign_input(f"{_spare(s.header_text)}.{b64(s.claims_text)}"),
    "spare bits in the payload": lambda s: s.sign_input(f"{b64(s.header_text)}.{_spare(s.claims_text)}"),
    "spare bits in the signature": _spare_in_signature,
    "in capitals": lambda signer: signer.mint().upper(),
    "flattened JSON": _json(flattened=True),
    "general JSON": _json(flattened=False),
    "encrypted": _encrypted,
    "nested": _nested(None),
    "nested, and says so": _nested("JWT"),
    "over 8 KiB": lambda signer: signer.mint(claims={"scope": "x" * _TOO_LONG}),
    "over 8 KiB of signature": _around("", "A" * _TOO_LONG),
}
