"""The verifier: revoked sessions."""

import pytest
from service_kit.tokens.denylist import Denylist
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier

from tests.unit.service_kit.tokens.conftest import Clock
from tests.unit.service_kit.tokens.issuer import Issuer, refusal


@pytest.fixture
def denylist(clock: Clock) -> Denylist:
    return Denylist(clock)


@pytest.fixture
def verifier(keys: KeySet, clock: Clock, denylist: Denylist) -> TokenVerifier:
    return TokenVerifier(keys, issuer="headrace", audience="headrace", leeway_s=5, now=clock, revoked=denylist)


@pytest.mark.parametrize("seen_before", [True, False])
async def test_token_of_a_session_that_has_ended_is_refused(
    verifier: TokenVerifier, issuer: Issuer, denylist: Denylist, *, seen_before: bool
) -> None:
    token, other = issuer.mint(sid="ended"), issuer.mint(sid="another")
    if seen_before:
        await verifier.verify(token)
    denylist.deny_session("ended", 100)
    assert await refusal(verifier, token) == "revoked"
    assert (await verifier.verify(other)).session_id == "another"


async def test_session_of_an_expired_token_is_not_checked(
    verifier: TokenVerifier, issuer: Issuer, denylist: Denylist, clock: Clock
) -> None:
    token = issuer.mint(sid="ended")
    clock.time += 1_000_000
    denylist.deny_session("ended", 100)
    assert await refusal(verifier, token) == "expired"
