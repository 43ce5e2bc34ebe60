"""The verifier: its cache of verified tokens."""

import time

import pytest
from grpclib.const import Status
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import KeySetUnavailableError, TokenVerifier

from tests.unit.service_kit.tokens.issuer import HEADER, Issuer, Published, refusal


async def test_verification_without_any_key_is_unavailable(
    verifier: TokenVerifier, issuer: Issuer, published: Published
) -> None:
    published.failure = OSError("refused")
    with pytest.raises(KeySetUnavailableError) as caught:
        await verifier.verify(issuer.mint())
    assert caught.value.status is Status.UNAVAILABLE
    assert caught.value.retry_after_s == 1.0


async def test_rotated_key_is_fetched_and_tokens_of_a_retired_one_are_forgotten(
    verifier: TokenVerifier, keys: KeySet, issuer: Issuer, published: Published
) -> None:
    old, successor = issuer.mint(), Issuer()
    await verifier.verify(old)
    published.jwks = [successor.jwk("k2")]
    await keys.refresh()
    assert (await verifier.verify(successor.mint(header=HEADER | {"kid": "k2"}))).user_id == "user-1"
    assert await refusal(verifier, old) == "invalid"


async def test_another_key_with_the_same_id_invalidates_cached_tokens(
    verifier: TokenVerifier, keys: KeySet, issuer: Issuer, published: Published
) -> None:
    token = issuer.mint()
    await verifier.verify(token)
    published.jwks = [Issuer().jwk("k1")]
    await keys.refresh()
    assert await refusal(verifier, token) == "invalid"


async def test_cache_is_bounded_and_holds_no_token(
    verifier: TokenVerifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_kit.tokens.verifier._REMEMBERED_TOKENS", 3)
    tokens = [issuer.mint(jti=str(number)) for number in range(10)]
    for token in tokens:
        await verifier.verify(token)
    assert [seen.principal.token_id for seen in verifier._remembered.values()] == ["7", "8", "9"]
    assert not any(token.encode() in verifier._remembered for token in tokens)


async def test_cached_token_costs_far_less(verifier: TokenVerifier, issuer: Issuer) -> None:
    token = issuer.mint()
    began = time.perf_counter()
    await verifier.verify(token)
    first_s = time.perf_counter() - began
    again_s = []
    for _ in range(200):
        began = time.perf_counter()
        await verifier.verify(token)
        again_s.append(time.perf_counter() - began)
    assert min(again_s) < first_s / 5
