"""Invalid signatures, and non-canonical forms of valid ones (RFC 8032 sections 5.1.7 and 8.4)."""

from collections.abc import Callable

from tests.examples.forgeries.signer import Forge, Signer, b64

#: The order of the base point.
L = 2**252 + 27742317777372353535851937790883648493
#: The neutral element, encoded.
NEUTRAL = b"\x01" + b"\0" * 31


def _with_signature(change: Callable[[bytes], bytes]) -> Forge:
    """Returns a forge of a valid token with a changed signature."""

    def forge(signer: Signer) -> str:
        signing_input = f"{b64(signer.header_text)}.{b64(signer.claims_text)}"
        return f"{signing_input}.{b64(change(signer.private.sign(signing_input.encode())))}"

    return forge


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda signature: signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]


def _cut(size: int) -> Callable[[bytes], bytes]:
    return lambda signature: signature[:size]


def _raise_s(signature: bytes, by: int) -> bytes:
    s = int.from_bytes(signature[32:], "little") + by
    return signature[:32] + s.to_bytes(32, "little")


def _of(message: Callable[[str], str]) -> Forge:
    """Returns a forge that signs another text than that of the token."""

    def forge(signer: Signer) -> str:
        signing_input = f"{b64(signer.header_text)}.{b64(signer.claims_text)}"
        return f"{signing_input}.{b64(signer.private.sign(message(signing_input).encode()))}"

    return forge


def _of_another_token(signer: Signer) -> str:
    other = signer.mint(claims={"role": "user", "jti": "other"})
    return signer.mint(claims={"role": "admin"}).rpartition(".")[0] + "." + other.rpartition(".")[2]


SIGNATURES: dict[str, Forge] = {
    "S + L": _with_signature(lambda signature: _raise_s(signature, L)),
    "S + 2 L": _with_signature(lambda signature: _raise_s(signature, 2 * L)),
    "S = L": _with_signature(lambda signature: signature[:32] + L.to_bytes(32, "little")),
    "S = 0": _with_signature(lambda signature: signature[:32] + b"\0" * 32),
    "S = 2^256 - 1": _with_signature(lambda signature: signature[:32] + b"\xff" * 32),
    "R = 0": _with_signature(lambda signature: b"\0" * 32 + signature[32:]),
    "R neutral": _with_signature(lambda signature: NEUTRAL + signature[32:]),
    "R neutral and S = 0": _with_signature(lambda signature: NEUTRAL + b"\0" * 32),
    "R = -R": _with_signature(lambda signature: signature[:31] + bytes([signature[31] ^ 0x80]) + signature[32:]),
    "all zero": _with_signature(lambda signature: b"\0" * 64),
    "all one": _with_signature(lambda signature: b"\xff" * 64),
    "halves swapped": _with_signature(lambda signature: signature[32:] + signature[:32]),
    "in hex": _with_signature(lambda signature: signature.hex().encode()),
    **{f"bit of byte {at} flipped": _with_signature(_flip(at)) for at in (0, 31, 32, 63)},
    **{f"cut to {size} bytes": _with_signature(_cut(size)) for size in (1, 32, 63)},
    "a byte more": _with_signature(lambda signature: signature + b"\0"),
    "twice": _with_signature(lambda signature: signature * 2),
    "of the claims alone": _of(lambda signing_input: signing_input.partition(".")[2]),
    "of a dot more": _of(lambda signing_input: signing_input + "."),
    "of nothing": _of(lambda signing_input: ""),
    "of another token": _of_another_token,
}
