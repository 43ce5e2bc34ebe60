"""The gateway as one ASGI application: its layers, in order."""

from collections.abc import Callable
from dataclasses import dataclass

from opentelemetry.metrics import Meter
from service_kit.contract import Contract
from service_kit.contract.policy import RateClass
from service_kit.tokens.verifier import TokenVerifier
from service_kit.tracing.request_tracer import RequestTracer
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from gateway.limits.byte_budget import ByteBudget
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.rate_limit_telemetry import RateLimitTelemetry
from gateway.limits.throttle import Throttle
from gateway.middleware.access_log import AccessLogMiddleware
from gateway.middleware.body import BodyMiddleware
from gateway.middleware.body_limit import BodyLimitMiddleware
from gateway.middleware.client_address import ClientAddress
from gateway.middleware.compression import CompressionMiddleware
from gateway.middleware.cors import CorsMiddleware
from gateway.middleware.credentials import CredentialsMiddleware
from gateway.middleware.cross_site import CrossSiteGuard
from gateway.middleware.deadline import DeadlineMiddleware
from gateway.middleware.identity import IdentityMiddleware
from gateway.middleware.metrics import MetricsMiddleware
from gateway.middleware.overload import OverloadMiddleware, refusal_pace
from gateway.middleware.problem_details import ProblemDetailsMiddleware
from gateway.middleware.rate_limit import RateLimitedPage, RateLimitMiddleware
from gateway.middleware.refusal_pace import RefusalPaceMiddleware, client_paces
from gateway.middleware.request_context import RequestContextMiddleware
from gateway.middleware.request_limits import RequestLimitsMiddleware
from gateway.middleware.response_cost import ResponseCostMiddleware
from gateway.middleware.routing import RoutingMiddleware
from gateway.middleware.session_renewal import SessionRenewalMiddleware
from gateway.middleware.throttle import ThrottleMiddleware
from gateway.middleware.tracing import TracingMiddleware
from gateway.openapi.document import openapi_document
from gateway.openapi.pages import pages
from gateway.request_limits import RequestLimits
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.renewal import Renewer, UseReports
from gateway.settings import Settings
from gateway.transcoding.router import Router
from gateway.transcoding.transcoder import Transcoder
from gateway.upstream.upstream import Upstream


@dataclass(frozen=True)
class Parts:
    """What the layers work with, made in __main__. tracer: None where no traces are recorded."""

    contract: Contract
    router: Router
    upstreams: dict[str, Upstream]
    verifier: TokenVerifier
    renewer: Renewer
    uses: UseReports
    limiter: DegradingLimiter
    throttle: Throttle
    meter: Meter
    version: str
    tracer: RequestTracer | None = None


def build_app(settings: Settings, parts: Parts) -> ASGIApp:
    """Put the layers together."""
    contract = parts.contract
    cookie = SessionCookie(secure=settings.cookie_secure)
    document = openapi_document(
        contract, version=parts.version, cookie_name=cookie.name, max_body_bytes=settings.max_body_bytes
    )
    quotas = {
        RateClass.DEFAULT: settings.rate_limit_default,
        RateClass.CREDENTIALS: settings.rate_limit_credentials,
    }
    rate_limit = RateLimitTelemetry(parts.meter)
    own_pages = {
        path: RateLimitedPage(page, parts.limiter, settings.rate_limit_default, rate_limit)
        for path, page in pages(document).items()
    }
    layers = [
        # Whatever happens further in has a request id, and every response carries it.
        Middleware(RequestContextMiddleware, client_address=ClientAddress(settings.trusted_proxies)),
        # A request's span covers all that is done for it.
        *([Middleware(TracingMiddleware, tracer=parts.tracer)] if parts.tracer is not None else []),
        # Both see the final status, problems included.
        Middleware(AccessLogMiddleware),
        Middleware(MetricsMiddleware, meter=parts.meter),
        # Before problems, so that a page of another origin may read why it was refused.
        Middleware(CorsMiddleware, origins=settings.cors_origins, titles=titles_of(contract)),
        # Before problems too: a long list of violations compresses well.
        Middleware(CompressionMiddleware),
        # From here on, whatever refuses just raises.
        Middleware(ProblemDetailsMiddleware, titles=titles_of(contract)),
        # What is refused from here on without a quota costs the client time, and the gateway little.
        Middleware(RefusalPaceMiddleware, paces=client_paces()),
        # Cheap looks at what came, before anything is spent on it.
        Middleware(RequestLimitsMiddleware, limits=_request_limits(settings)),
        # Everything further in reads its policy from the endpoint that the path leads to.
        Middleware(RoutingMiddleware, router=parts.router, pages=own_pages),
        # As soon as it is known which way a request goes: where that is crowded, nothing more is spent on it.
        Middleware(OverloadMiddleware, throttle=parts.throttle, pace=refusal_pace()),
        # Who calls decides whose quota is drawn on; no I/O but for an unknown key.
        Middleware(IdentityMiddleware, verifier=parts.verifier, cookie=cookie),
        Middleware(RateLimitMiddleware, limiter=parts.limiter, quotas=quotas, telemetry=rate_limit),
        # Before the body: without credentials that can be good, none is read.
        Middleware(CredentialsMiddleware, cookie=cookie, guard=CrossSiteGuard(settings.cors_origins)),
        # The body is complete before a place is taken: whoever sends slowly keeps nobody else out.
        Middleware(BodyLimitMiddleware, max_body_bytes=settings.max_body_bytes, body_timeout_s=settings.body_timeout_s),
        Middleware(BodyMiddleware, memory=ByteBudget(settings.max_buffered_body_bytes)),
        # The contract's time runs from here: the wait for a place is part of it, the client's sending is not.
        Middleware(DeadlineMiddleware),
        Middleware(ThrottleMiddleware, throttle=parts.throttle),
        # Behind admission control: a refused request never rotates a session key.
        Middleware(SessionRenewalMiddleware, renewer=parts.renewer, uses=parts.uses, cookie=cookie),
        # Again, for those whom only the renewal has named: nobody gets around the own quota with a cookie.
        Middleware(RateLimitMiddleware, limiter=parts.limiter, quotas=quotas, telemetry=rate_limit),
        # Next to the endpoint: the size counts before compression, and the quota is the caller's own.
        Middleware(ResponseCostMiddleware, limiter=parts.limiter, quotas=quotas),
    ]
    app: ASGIApp = Transcoder(parts.upstreams, cookie, contract.reasons)
    for layer in reversed(layers):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    return app


def _request_limits(settings: Settings) -> RequestLimits:
    return RequestLimits(
        max_target_bytes=settings.max_target_bytes,
        max_headers=settings.max_headers,
        max_header_bytes=settings.max_header_bytes,
    )


def titles_of(contract: Contract) -> Callable[[str], str]:
    """What the titles of problem documents are: the contract's, by the reason's code."""

    def title(code: str) -> str:
        reason = contract.reasons.get(code)
        return reason.title if reason is not None else code.replace("_", " ").capitalize()

    return title
