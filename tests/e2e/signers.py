"""Signs tokens with the issuer's own key, as a thief of the key or a faulty issuer would."""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from tests.e2e.running_stack import RunningStack
from tests.examples.forgeries import Signer


def signer_of(stack: RunningStack, token: str) -> Signer:
    """Returns a signer with the key of that token, and with its header and claims as a start."""
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    members = json.loads((stack.data_dir / "secrets" / "keys" / f"{header['kid']}.json").read_text())
    key = OKPKey.import_key({name: members[name] for name in ("kty", "crv", "x", "d")})
    private = key.private_key
    assert isinstance(private, Ed25519PrivateKey)
    return Signer(private, header, claims)
