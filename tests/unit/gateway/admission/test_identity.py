import pytest
from gateway.admission.identity import IdentityStep
from gateway.exchange import Exchange
from gateway.problems import Decision
from gateway.sessions.cookie import SessionCookie
from service_kit.contract.policy import Access, MethodPolicy, SessionEffect
from service_kit.request.principal import Principal
from service_kit.tokens.errors import KeySetUnavailableError, TokenError

from tests.unit.gateway.asgi import Headers, admitting, call, exchange_in, http_scope, policy, principal

COOKIE = SessionCookie(secure=False)


class TokensByName:
    """Accepts "good"; every other token is what it is called."""

    async def verify(self, token: str) -> Principal:
        match token:
            case "good":
                return principal()
            case "expired":
                raise TokenError("expired", "its time is over")
            case "revoked":
                raise TokenError("revoked", "its session has ended")
            case "keyless":
                raise KeySetUnavailableError
        raise TokenError("invalid", "internal words")


async def identify(headers: Headers, method: MethodPolicy | None = None) -> Exchange:
    scope = http_scope(headers=headers)
    exchange = exchange_in(scope, policy=method or policy())
    assert (await call(admitting(IdentityStep(TokensByName(), COOKIE)), scope)).status == 200
    return exchange


def bearing(*values: bytes) -> Headers:
    return [(b"authorization", value) for value in values]


@pytest.mark.parametrize("value", [b"Bearer good", b"bearer good", b"BEARER   good "])
async def test_valid_token_names_the_principal_and_is_forwarded(value: bytes) -> None:
    exchange = await identify(bearing(value))
    assert exchange.request.principal == principal()
    assert exchange.request.access_token == "good"
    assert exchange.refusal is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"good",
        b"Basic good",
        b"Bearer good good",
        b"Bearer good, Bearer good",
        b"Bearer g\xf6\xf6d",
        b"Bearer bad",
        b"DPoP good",
        b"Bearer\tgood",
    ],
)
async def test_other_authorization_is_an_invalid_token(value: bytes) -> None:
    exchange = await identify(bearing(value))
    assert exchange.request.principal is None
    assert exchange.request.access_token is None
    assert exchange.refusal is not None
    assert (exchange.refusal.status, exchange.refusal.code) == (401, "TOKEN_INVALID")
    assert exchange.refusal.decision == Decision("authentication", "invalid")
    assert "internal" not in exchange.refusal.detail


async def test_two_tokens_name_no_principal() -> None:
    exchange = await identify(bearing(b"Bearer good", b"Bearer good"))
    assert exchange.request.principal is None
    assert exchange.refusal is not None


async def test_revoked_token_is_refused_as_an_ended_session() -> None:
    refusal = (await identify(bearing(b"Bearer revoked"))).refusal
    assert refusal is not None
    assert (refusal.status, refusal.code) == (401, "SESSION_INVALID")
    assert refusal.decision == Decision("authentication", "revoked")


async def test_expired_token_is_kept_as_an_expired_one() -> None:
    refusal = (await identify(bearing(b"Bearer expired"))).refusal
    assert refusal is not None
    assert (refusal.code, refusal.decision) == ("TOKEN_EXPIRED", Decision("authentication", "expired"))


async def test_token_is_a_503_while_there_are_no_keys() -> None:
    refusal = (await identify(bearing(b"Bearer keyless"))).refusal
    assert refusal is not None
    assert (refusal.status, refusal.code) == (503, "DEPENDENCY_UNAVAILABLE")
    assert refusal.decision == Decision("authentication", "unavailable", retry_after_s=1)


async def test_request_without_a_token_has_no_refusal_yet() -> None:
    exchange = await identify([(b"cookie", b"session_key=abc")])
    assert (exchange.refusal, exchange.request.principal, exchange.request.session_key) == (None, None, None)


async def test_public_endpoint_reads_no_token() -> None:
    exchange = await identify(bearing(b"Bearer bad"), policy(Access.PUBLIC))
    assert (exchange.refusal, exchange.request.session_key) == (None, None)


async def test_endpoint_that_issues_a_session_receives_the_former_key() -> None:
    exchange = await identify([(b"cookie", b"session_key=abc")], policy(Access.PUBLIC, session=SessionEffect.ISSUES))
    assert exchange.request.session_key == "abc"


async def test_request_without_an_endpoint_is_not_identified() -> None:
    scope = http_scope(headers=bearing(b"Bearer bad"))
    exchange = exchange_in(scope)
    await call(admitting(IdentityStep(TokensByName(), COOKIE)), scope)
    assert exchange.refusal is None
