"""The verifier: accepted tokens, expiry and leeway."""

import jwt
import pytest
from service_kit.request.principal import Principal
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier

from tests.unit.service_kit.tokens.conftest import Clock
from tests.unit.service_kit.tokens.issuer import CLAIMS, HEADER, NOW, Issuer, refusal


async def test_valid_token_yields_its_principal(verifier: TokenVerifier, issuer: Issuer) -> None:
    expected = Principal("user-1", "user", "session-1", "token-1", 3, NOW, NOW + 900)
    token = issuer.mint()
    assert await verifier.verify(token) == expected
    assert await verifier.verify(token) == expected


async def test_optional_parts_of_the_profile_are_accepted(verifier: TokenVerifier, issuer: Issuer) -> None:
    for header in ({"typ": "AT+JWT"}, {"typ": "application/at+jwt"}, {"jku": "https://evil.example"}, {"cty": "x"}):
        await verifier.verify(issuer.mint(header=HEADER | header))
    await verifier.verify(issuer.mint(aud=["other", "headrace"], jti="2", scope="anything"))
    await verifier.verify(issuer.mint(nbf=NOW))


async def test_token_minted_by_pyjwt_is_accepted(verifier: TokenVerifier, issuer: Issuer) -> None:
    token = jwt.encode(CLAIMS, issuer.private, "EdDSA", headers={"kid": "k1", "typ": "at+jwt"})
    assert (await verifier.verify(token)).user_id == "user-1"


async def test_expiry_is_checked_with_leeway_at_every_use(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock
) -> None:
    token = issuer.mint()
    clock.time = NOW + 904.9
    await verifier.verify(token)
    clock.time = NOW + 905
    assert await refusal(verifier, token) == "expired"
    assert await refusal(verifier, token) == "expired"


async def test_expired_is_reported_only_for_an_otherwise_valid_token(verifier: TokenVerifier, clock: Clock) -> None:
    clock.time = NOW + 5000
    assert await refusal(verifier, Issuer().mint()) == "invalid"


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_token_from_the_future_is_invalid(verifier: TokenVerifier, issuer: Issuer, claim: str) -> None:
    early, too_early = ({**CLAIMS, claim: NOW + seconds} for seconds in (5, 6))
    await verifier.verify(issuer.mint(early))
    assert await refusal(verifier, issuer.mint(too_early)) == "invalid"


@pytest.mark.parametrize("leeway_s", [-1, 31])
def test_leeway_out_of_bounds_is_refused(keys: KeySet, leeway_s: float) -> None:
    with pytest.raises(ValueError, match="leeway"):
        TokenVerifier(keys, issuer="i", audience="a", leeway_s=leeway_s)
