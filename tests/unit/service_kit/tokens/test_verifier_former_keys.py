"""Tokens of keys that are no longer in force: an expired one is reported as expired, so that its session is renewed."""

import pytest
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier

from tests.unit.service_kit.tokens.conftest import Clock
from tests.unit.service_kit.tokens.issuer import HEADER, NOW, Issuer, Published, refusal


@pytest.fixture
async def token(verifier: TokenVerifier, keys: KeySet, issuer: Issuer, published: Published) -> str:
    """Returns a token signed by k1, which k2 has replaced since."""
    token = issuer.mint()
    await verifier.verify(token)
    published.jwks = [Issuer().jwk("k2")]
    await keys.refresh()
    return token


async def test_expired_token_of_a_former_key_is_expired(verifier: TokenVerifier, token: str, clock: Clock) -> None:
    clock.time = NOW + 905
    assert await refusal(verifier, token) == "expired"


async def test_unexpired_token_of_a_former_key_is_invalid(verifier: TokenVerifier, token: str, clock: Clock) -> None:
    assert await refusal(verifier, token) == "invalid"
    clock.time = NOW + 904
    assert await refusal(verifier, token) == "invalid"


async def test_forged_token_of_a_former_key_is_invalid(verifier: TokenVerifier, token: str, clock: Clock) -> None:
    clock.time = NOW + 5000
    assert token
    assert await refusal(verifier, Issuer().mint()) == "invalid"


async def test_former_key_that_is_published_again_is_in_force(
    verifier: TokenVerifier, keys: KeySet, token: str, issuer: Issuer, published: Published
) -> None:
    published.jwks.append(issuer.jwk())
    await keys.refresh()
    assert (await verifier.verify(token)).user_id == "user-1"


async def test_number_of_former_keys_is_bounded(keys: KeySet, published: Published) -> None:
    for number in range(40):
        published.jwks = [Issuer().jwk(f"n{number}")]
        await keys.refresh()
    remembered = [number for number in range(40) if keys.former(f"n{number}") is not None]
    assert remembered == list(range(23, 39))


async def test_tokens_of_former_keys_cause_no_fetch(
    verifier: TokenVerifier, token: str, issuer: Issuer, published: Published, clock: Clock
) -> None:
    clock.time = NOW + 5000
    before = published.fetches
    for number in range(20):
        assert await refusal(verifier, issuer.mint(jti=str(number), header=HEADER)) == "expired"
    assert published.fetches == before
    assert token
