"""The verifier: no forged token is accepted or does other harm; the same tokens are sent to the running platform."""

import pytest
from service_kit.tokens.verifier import TokenVerifier

from tests.examples.forgeries import FORGERIES, Signer
from tests.unit.service_kit.tokens.issuer import CLAIMS, HEADER, Issuer, refusal


@pytest.fixture
def signer(issuer: Issuer) -> Signer:
    return Signer(issuer.private, HEADER, CLAIMS)


async def test_token_that_the_forgeries_start_from_is_accepted(verifier: TokenVerifier, signer: Signer) -> None:
    assert (await verifier.verify(signer.mint())).user_id == "user-1"


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_is_refused(verifier: TokenVerifier, signer: Signer, name: str) -> None:
    assert await refusal(verifier, FORGERIES[name](signer)) in {"malformed", "invalid"}


async def test_overlong_token_is_not_parsed(
    verifier: TokenVerifier, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, lengths = signer.mint(), (8193, 2**20)
    tokens = [good + "A" * (length - len(good)) for length in lengths]
    for reader in ("hashlib.sha256", "read_compact"):
        monkeypatch.setattr(f"service_kit.tokens.verifier.{reader}", _fail)
    for token in tokens:
        assert await refusal(verifier, token) == "malformed"
    with pytest.raises(AssertionError, match="read"):
        await verifier.verify(good)


def _fail(*_: object) -> None:
    raise AssertionError("it was read")
