"""Every forged token, in process, wherever a token is read; one of each family is sent to running services (tests/e2e).

The services read theirs with the verifier alone: tests/unit/service_kit/tokens/test_verifier_forgeries.py.
"""

import time

import pytest
from gateway.admission.credentials import CredentialsStep
from gateway.admission.cross_site import CrossSiteGuard
from gateway.admission.identity import IdentityStep
from gateway.problems import Problem
from gateway.sessions.cookie import SessionCookie
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier
from user_svc.adapters.tokens import JwtReader

from tests.examples.forgeries import FORGERIES, FORGERY_SAMPLE, Signer
from tests.examples.forgeries.in_headers import SENDABLE, UNSENDABLE
from tests.unit.gateway.asgi import admitting, call, exchange_in, http_scope, policy
from tests.unit.service_kit.tokens.issuer import CLAIMS, HEADER, Issuer, Published

COOKIE = SessionCookie(secure=False)
#: Of the form of a session key; the gateway looks no further here.
SESSION_KEY = b"session_key=" + b"a" * 22 + b".1." + b"b" * 43


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def signer(issuer: Issuer) -> Signer:
    now = int(time.time())
    return Signer(issuer.private, HEADER, {**CLAIMS, "iat": now, "exp": now + 900})


@pytest.fixture(scope="module")
def verifier(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(
        KeySet(Published(issuer.jwk()).fetch), issuer="headrace", audience="headrace", leeway_s=5, now=time.time
    )


async def _at_the_gateway(verifier: TokenVerifier, token: str) -> int:
    """Sends the token with a session cookie beside it, and returns the status; 200 without a refusal."""
    scope = http_scope(headers=[(b"authorization", b"Bearer " + token.encode()), (b"cookie", SESSION_KEY)])
    exchange_in(scope, policy=policy())
    credentials = CredentialsStep(COOKIE, CrossSiteGuard(frozenset()))
    return (await call(admitting(IdentityStep(verifier, COOKIE), credentials), scope)).status


def test_forgery_sample_names_known_forgeries_that_a_header_can_carry() -> None:
    assert set(FORGERY_SAMPLE) <= set(SENDABLE)
    assert {name.partition(":")[0] for name in FORGERY_SAMPLE} == {name.partition(":")[0] for name in FORGERIES}
    assert len(SENDABLE) + len(UNSENDABLE) == len(FORGERIES) - 2


async def test_token_that_the_forgeries_are_based_on_is_accepted(verifier: TokenVerifier, signer: Signer) -> None:
    assert await _at_the_gateway(verifier, signer.mint()) == 200
    assert await JwtReader(verifier).read(signer.mint()) is not None


@pytest.mark.parametrize("name", SENDABLE)
async def test_forged_token_is_refused_by_the_gateway_even_with_a_cookie(
    verifier: TokenVerifier, signer: Signer, name: str
) -> None:
    with pytest.raises(Problem) as refused:
        await _at_the_gateway(verifier, FORGERIES[name](signer))
    assert (refused.value.status, refused.value.code) == (401, "TOKEN_INVALID")


@pytest.mark.parametrize("name", FORGERIES)
async def test_forged_token_is_not_active_in_an_introspection(
    verifier: TokenVerifier, signer: Signer, name: str
) -> None:
    assert await JwtReader(verifier).read(FORGERIES[name](signer)) is None
