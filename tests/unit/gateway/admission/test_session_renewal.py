import pytest
from gateway.admission.credentials import CredentialsStep
from gateway.admission.cross_site import CrossSiteGuard
from gateway.admission.session_renewal import SessionRenewalStep
from gateway.exchange import Exchange
from gateway.problems import Decision, Problem
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.renewal import Renewal
from service_kit.contract.policy import Access
from service_kit.request.context import RequestContext
from starlette.types import ASGIApp, Scope

from tests.unit.gateway.asgi import Headers, admitting, answering, call, exchange_in, http_scope, policy, principal

COOKIE = [(b"cookie", b"session_key=key-1")]
EXPIRED = Problem(401, "TOKEN_EXPIRED", decision=Decision("authentication", "expired"))
INVALID = Problem(401, "TOKEN_INVALID", decision=Decision("authentication", "invalid"))
OLD_TOKEN = (b"authorization", b"Bearer expired")


class Renewals:
    """Renews key-1 to key-2, for a principal with the role; or fails with `problem`."""

    def __init__(self, role: str = "user", problem: Problem | None = None) -> None:
        self.presented: list[str] = []
        self._role = role
        self._problem = problem

    async def renew(self, session_key: str, request: RequestContext) -> Renewal:
        self.presented.append(session_key)
        assert request.request_id == "request-1"
        if self._problem is not None:
            raise self._problem
        return Renewal("key-2", 86400, "token-2", 900, principal(self._role))


class Reports:
    """Records the requests that presented a token."""

    def __init__(self) -> None:
        self.requests: list[RequestContext] = []

    def presented(self, request: RequestContext) -> None:
        self.requests.append(request)


def layer(app: ASGIApp, renewals: Renewals, reports: Reports | None = None) -> ASGIApp:
    """Both halves: what is refused before the body is read, and what is renewed behind admission control."""
    cookie = SessionCookie(secure=False)
    credentials = CredentialsStep(cookie, CrossSiteGuard(["https://app.example.com"]))
    renewal = SessionRenewalStep(renewals, reports or Reports(), cookie)
    return admitting(credentials, renewal, endpoint=app)


def arriving(
    headers: Headers, method: str = "GET", access: Access = Access.USER, refusal: Problem | None = None
) -> tuple[Scope, Exchange]:
    scope = http_scope(method, headers=headers)
    exchange = exchange_in(scope, policy=policy(access))
    exchange.refusal = refusal
    return scope, exchange


async def refused(scope: Scope, renewals: Renewals) -> Problem:
    with pytest.raises(Problem) as caught:
        await call(layer(answering(), renewals), scope)
    return caught.value


@pytest.mark.parametrize(("headers", "refusal"), [(COOKIE, None), ([*COOKIE, OLD_TOKEN], EXPIRED)])
async def test_session_is_renewed_and_the_request_handled(headers: Headers, refusal: Problem | None) -> None:
    scope, exchange = arriving(headers, refusal=refusal)
    renewals, reports = Renewals(), Reports()
    assert (await call(layer(answering(), renewals, reports), scope)).status == 200
    assert renewals.presented == ["key-1"]
    assert reports.requests == [], "that the gateway uses a new token does not prove that the client has it"
    assert exchange.request.principal == principal()
    assert exchange.request.access_token == "token-2"
    assert exchange.secret
    assert exchange.response_headers == [
        (b"set-cookie", b"session_key=key-2; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax"),
        (b"x-access-token", b"token-2"),
        (b"x-access-token-expires-in", b"900"),
    ]


async def test_valid_token_needs_no_session() -> None:
    scope, exchange = arriving(COOKIE)
    exchange.request.principal = principal()
    renewals, reports = Renewals(), Reports()
    assert (await call(layer(answering(), renewals, reports), scope)).status == 200
    assert renewals.presented == []
    assert reports.requests == [exchange.request]
    assert exchange.response_headers == []
    assert not exchange.secret


async def test_invalid_token_is_refused_even_with_a_cookie() -> None:
    scope, _ = arriving(COOKIE, refusal=INVALID)
    renewals = Renewals()
    assert (await refused(scope, renewals)).code == INVALID.code
    assert renewals.presented == []


async def test_expired_token_without_a_session_is_refused_as_expired() -> None:
    scope, _ = arriving([OLD_TOKEN], refusal=EXPIRED)
    assert (await refused(scope, Renewals())).code == EXPIRED.code


async def test_request_without_credentials_is_refused_as_missing_them() -> None:
    scope, _ = arriving([])
    problem = await refused(scope, Renewals())
    assert (problem.status, problem.code) == (401, "CREDENTIALS_MISSING")
    assert problem.decision == Decision("authentication", "missing")


async def test_failed_renewal_does_not_change_the_cookie() -> None:
    scope, exchange = arriving(COOKIE)
    away = Problem(503, "DEPENDENCY_UNAVAILABLE")
    assert await refused(scope, Renewals(problem=away)) is away
    assert exchange.response_headers == []
    assert not exchange.secret


@pytest.mark.parametrize("headers", [COOKIE, [*COOKIE, (b"origin", b"https://evil.example")]])
async def test_unsafe_request_from_another_site_renews_no_session(headers: Headers) -> None:
    scope, _ = arriving(headers, "POST")
    renewals = Renewals()
    assert (await refused(scope, renewals)).code == "CROSS_SITE_REQUEST"
    assert renewals.presented == []


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        ((b"sec-fetch-site", b"same-origin"), None),
        ((b"origin", b"https://app.example.com"), None),
        (OLD_TOKEN, EXPIRED),
    ],
)
async def test_unsafe_request_that_cannot_be_forged_renews_the_session(
    header: tuple[bytes, bytes], refusal: Problem | None
) -> None:
    scope, _ = arriving([*COOKIE, header], "DELETE", refusal=refusal)
    assert (await call(layer(answering(), Renewals()), scope)).status == 200


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("user", 403)])
async def test_admin_endpoint_admits_administrators_only(role: str, status: int) -> None:
    for with_token in (True, False):
        scope, exchange = arriving(COOKIE, access=Access.ADMIN)
        exchange.request.principal = principal(role) if with_token else None
        if status == 200:
            assert (await call(layer(answering(), Renewals(role)), scope)).status == 200
        else:
            problem = await refused(scope, Renewals(role))
            assert (problem.status, problem.code) == (403, "ACCESS_DENIED")
            assert problem.decision == Decision("access", "denied")


async def test_internal_method_is_refused_to_administrators_too() -> None:
    scope, exchange = arriving([], access=Access.INTERNAL)
    exchange.request.principal = principal("admin")
    assert (await refused(scope, Renewals())).status == 403


async def test_public_endpoint_needs_no_credentials() -> None:
    scope, _ = arriving(COOKIE, access=Access.PUBLIC)
    renewals = Renewals()
    assert (await call(layer(answering(), renewals), scope)).status == 200
    assert renewals.presented == []
