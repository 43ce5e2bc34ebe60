"""The gateway as one ASGI application: its middleware and its admission steps, in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opentelemetry.metrics import Meter
from service_kit.contract import Contract
from service_kit.contract.policy import RateClass
from service_kit.tokens.verifier import TokenVerifier
from service_kit.tracing.request_tracer import RequestTracer
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from gateway.admission.body import BodyStep
from gateway.admission.body_limit import BodyLimitStep
from gateway.admission.credentials import CredentialsStep
from gateway.admission.cross_site import CrossSiteGuard
from gateway.admission.deadline import DeadlineStep
from gateway.admission.identity import IdentityStep
from gateway.admission.overload import OverloadStep, rejection_bucket
from gateway.admission.pipeline import AdmissionPipeline, Step
from gateway.admission.rate_limit import RateLimitedPage, RateLimitStep, RateLimitTelemetry
from gateway.admission.request_limits import RequestLimitsStep
from gateway.admission.routing import RoutingStep
from gateway.admission.session_renewal import SessionRenewalStep
from gateway.admission.throttle import ThrottleStep
from gateway.limits.byte_budget import ByteBudget
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.quota import Quota
from gateway.limits.throttle import Throttle
from gateway.middleware.access_log import AccessLogMiddleware
from gateway.middleware.client_address import ClientAddress
from gateway.middleware.compression import CompressionMiddleware
from gateway.middleware.cors import CorsMiddleware
from gateway.middleware.metrics import MetricsMiddleware
from gateway.middleware.problem_details import ProblemDetailsMiddleware
from gateway.middleware.refusal_delay import RefusalDelayMiddleware, refusal_buckets
from gateway.middleware.request_context import RequestContextMiddleware
from gateway.middleware.response_cost import ResponseCostMiddleware
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
    """The components of the application, made in __main__. tracer: None where no traces are recorded."""

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
    """Returns the application: middleware around the admission steps, and the endpoint behind them."""
    cookie = SessionCookie(secure=settings.cookie_secure)
    quotas = {
        RateClass.DEFAULT: settings.rate_limit_default,
        RateClass.CREDENTIALS: settings.rate_limit_credentials,
    }
    endpoint: ASGIApp = Transcoder(parts.upstreams, cookie, parts.contract.reasons)
    # Next to the endpoint: the size counts before compression, and the quota is the caller's own.
    endpoint = ResponseCostMiddleware(endpoint, parts.limiter, quotas)
    app: ASGIApp = AdmissionPipeline(_admission_steps(settings, parts, cookie, quotas), endpoint)
    for layer in reversed(_layers(settings, parts)):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    return app


def _layers(settings: Settings, parts: Parts) -> list[Middleware]:
    """Returns what wraps the response, outermost first."""
    titles = titles_of(parts.contract)
    return [
        # Everything further in has a request id, and every response carries it.
        Middleware(RequestContextMiddleware, client_address=ClientAddress(settings.trusted_proxies)),
        # A request's span covers all that is done for it.
        *([Middleware(TracingMiddleware, tracer=parts.tracer)] if parts.tracer is not None else []),
        # Both see the final status, problems included.
        Middleware(AccessLogMiddleware),
        Middleware(MetricsMiddleware, meter=parts.meter),
        # Before problems, so that a page of another origin may read why it was refused.
        Middleware(CorsMiddleware, origins=settings.cors_origins, titles=titles),
        # Before problems too: a long list of violations compresses well.
        Middleware(CompressionMiddleware),
        # Everything further in refuses a request by raising Problem.
        Middleware(ProblemDetailsMiddleware, titles=titles),
        # A refusal that no quota bounds is delayed, with nothing held: it costs the client time, not the gateway.
        Middleware(RefusalDelayMiddleware, buckets=refusal_buckets()),
    ]


def _admission_steps(
    settings: Settings, parts: Parts, cookie: SessionCookie, quotas: Mapping[RateClass, Quota]
) -> list[Step]:
    """Returns what a request passes before its endpoint, in order."""
    telemetry = RateLimitTelemetry(parts.meter)
    rate_limit = RateLimitStep(parts.limiter, quotas, telemetry)
    return [
        # Cheap checks of the head, before anything is spent on the request.
        RequestLimitsStep(_request_limits(settings)),
        # All later steps read their policy from the endpoint that the path leads to.
        RoutingStep(parts.router, _pages(settings, parts, cookie, telemetry)),
        # As soon as the upstream is known: where it is overloaded, nothing more is spent on the request.
        OverloadStep(parts.throttle, rejection_bucket()),
        # The caller decides whose quota is drawn on; no I/O except for an unknown key.
        IdentityStep(parts.verifier, cookie),
        rate_limit,
        # Before the body: without credentials that may be valid, none is read.
        CredentialsStep(cookie, CrossSiteGuard(settings.cors_origins)),
        # The body is complete before the throttle: a slow sender takes no permit from other requests.
        BodyLimitStep(settings.max_body_bytes, settings.body_timeout_s),
        BodyStep(ByteBudget(settings.max_buffered_body_bytes)),
        # The contract's time runs from here: it includes the wait for a permit, but not the client's sending.
        DeadlineStep(),
        ThrottleStep(parts.throttle),
        # After the throttle: a rejected request never rotates a session key.
        SessionRenewalStep(parts.renewer, parts.uses, cookie),
        # Again, for users that only the renewal has identified: a cookie does not bypass the user's own quota.
        rate_limit,
    ]


def _pages(
    settings: Settings, parts: Parts, cookie: SessionCookie, telemetry: RateLimitTelemetry
) -> dict[str, ASGIApp]:
    document = openapi_document(
        parts.contract, version=parts.version, cookie_name=cookie.name, max_body_bytes=settings.max_body_bytes
    )
    return {
        path: RateLimitedPage(page, parts.limiter, settings.rate_limit_default, telemetry)
        for path, page in pages(document).items()
    }


def _request_limits(settings: Settings) -> RequestLimits:
    return RequestLimits(
        max_target_bytes=settings.max_target_bytes,
        max_headers=settings.max_headers,
        max_header_bytes=settings.max_header_bytes,
    )


def titles_of(contract: Contract) -> Callable[[str], str]:
    """Returns a function that gives the title of a problem document: the contract's, by the reason's code."""

    def title(code: str) -> str:
        reason = contract.reasons.get(code)
        return reason.title if reason is not None else code.replace("_", " ").capitalize()

    return title
