"""The gateway's composition root: its components, in the order in which they start."""

import sys
from dataclasses import fields
from functools import partial

import shared_contracts
from opentelemetry.metrics import Meter
from service_kit.cli import command
from service_kit.contract import Contract, ContractError
from service_kit.lifecycle import Lifecycle
from service_kit.process import start_process
from service_kit.process.token_issuer import follow_issuer
from service_kit.runtime.release import this_release
from service_kit.settings import SettingsError
from service_kit.telemetry import metrics
from service_kit.telemetry.loop_lag import LoopLag

from gateway.app import Parts, build_app, titles_of
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.redis_limiter import RedisLimiter, limiter_client
from gateway.limits.throttle import Throttle, ThrottleConfig
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from gateway.middleware.client_address import ClientAddress
from gateway.server import Bounds, PublicServer
from gateway.sessions.renewer import SessionRenewer
from gateway.sessions.session_authority import SessionAuthority
from gateway.sessions.use_reporter import UseReporter
from gateway.settings import PREFIX, Settings
from gateway.status.pages import status_pages
from gateway.status.watch import Watch
from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.router import Router
from gateway.upstream.policy import UpstreamPolicy
from gateway.upstream.resolver import Resolver
from gateway.upstream.telemetry import UpstreamTelemetry
from gateway.upstream.upstream import Upstream

_NAME = "gateway"


async def _serve(settings: Settings) -> None:
    release = this_release(_NAME)
    meter = metrics.meter(_NAME)
    contract = _contract(settings)
    router = Router(endpoints_of(contract))
    names = _upstream_names(settings, contract)

    async with Lifecycle(settings.drain_s) as lifecycle:
        lag = LoopLag()
        watch = Watch(metrics.samples, lag)
        lifecycle.start("status", watch.keep_history)
        status = status_pages(watch=watch, report=lifecycle.readiness.report, release=release, lag=lag)
        tracer = await start_process(lifecycle, release, settings, PREFIX, lag=lag, pages=status)

        upstreams = _upstreams(settings, names, meter)
        for upstream in upstreams.values():
            await lifecycle.enter(upstream.name, upstream)
            # All gateways lack the same service at once: another gateway could not serve the requests either.
            lifecycle.readiness.add(upstream.name, upstream.check, required=False)

        authority = SessionAuthority(contract, upstreams)
        verifier, revocations = follow_issuer(
            lifecycle,
            settings,
            meter,
            fetch_keys=authority.key_set,
            ask_revocations=authority.revocations,
        )

        redis = await lifecycle.enter("redis", limiter_client(settings.redis_url.reveal()))
        shared = RedisLimiter(redis)
        lifecycle.readiness.add("redis", shared.check_ready, required=False)
        await shared.warm_up()
        limiter = DegradingLimiter(shared, LocalLimiter(), meter, share=1 / settings.rate_limit_replicas)
        lifecycle.start("rate-limit", partial(limiter.keep_trying, shared.check))

        parts = Parts(
            contract=contract,
            router=router,
            upstreams=upstreams,
            verifier=verifier,
            renewer=SessionRenewer(contract, upstreams, verifier, meter),
            uses=UseReporter(contract, upstreams, meter),
            limiter=limiter,
            throttle=Throttle(contract.methods.values(), _throttle_config(settings), ThrottleTelemetry(meter)),
            meter=meter,
            version=release.version,
            tracer=tracer,
        )
        # Replicas share the port, and a listening process receives requests, ready or not. So it listens only once
        # the revoked tokens are known. An unavailable Redis does not keep it from starting.
        await revocations.settled()
        server = PublicServer(
            build_app(settings, parts),
            settings.host,
            settings.port,
            _bounds(settings),
            share_port=settings.share_port,
            share_setting=f"{PREFIX}SHARE_PORT",
            notice_s=settings.drain_notice_s,
            titles=titles_of(contract),
            is_proxy=ClientAddress(settings.trusted_proxies).is_proxy,
            meter=meter,
        )
        await lifecycle.enter("http", server)
        lifecycle.on_drain("http", server.drain)
        await lifecycle.run()


def _bounds(settings: Settings) -> Bounds:
    return Bounds(**{field.name: getattr(settings, field.name) for field in fields(Bounds)})


def _contract(settings: Settings) -> Contract:
    """Returns the contract to serve.

    Raises:
        SettingsError: the settings name a file that cannot be read.
        ContractError: the file contains no contract that can be served.
    """
    path = settings.descriptor_set
    if path is None:
        return Contract.load(shared_contracts.descriptor_set())
    try:
        return Contract.load(path.read_bytes())
    except OSError as exc:
        raise SettingsError(f"{PREFIX}DESCRIPTOR_SET cannot be read: {exc}") from exc
    except ContractError as exc:
        problem = f"{PREFIX}DESCRIPTOR_SET names no contract that can be served: {path}"
        raise ContractError(problem, *exc.problems) from exc


def _upstream_names(settings: Settings, contract: Contract) -> list[str]:
    """Returns the names of the contract's upstreams.

    Raises:
        SettingsError: the settings have no address of one of them.
    """
    names = sorted({method.upstream for method in contract.methods.values()})
    missing = [name for name in names if name not in settings.upstreams]
    if missing:
        raise SettingsError(*(f"{PREFIX}UPSTREAMS does not say where {name} is" for name in missing))
    return names


def _upstreams(settings: Settings, names: list[str], meter: Meter) -> dict[str, Upstream]:
    telemetry = UpstreamTelemetry(meter)
    policy = UpstreamPolicy(
        resolve_every_s=settings.upstream_resolve_s,
        connect_timeout_s=settings.upstream_connect_s,
        breaker_failures=settings.breaker_failures,
        breaker_reset_s=settings.breaker_reset_s,
        retries=settings.retries,
        retry_budget=settings.retry_budget_percent / 100,
    )
    return {name: Upstream(name, Resolver(settings.upstreams[name]), policy, telemetry) for name in names}


def _throttle_config(settings: Settings) -> ThrottleConfig:
    return ThrottleConfig(
        floor=min(settings.min_concurrency, settings.max_concurrency),
        ceiling=settings.max_concurrency,
        max_queue=settings.max_queue,
        max_wait_s=settings.max_queue_wait_ms / 1000,
    )


def main() -> int:
    """Runs the command `gateway`. Returns its exit code."""
    return command(
        Settings,
        program=_NAME,
        description="The REST gateway: serves every method of the contract over HTTP.",
        prefix=PREFIX,
        serve=_serve,
    )


if __name__ == "__main__":
    sys.exit(main())
