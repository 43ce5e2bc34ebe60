"""Gateways, the user service and the order service in one process: the real parts, over HTTP, gRPC and Redis.

Only parts that do not concern sessions are fakes: the accounts, the orders, password hashing, the quotas.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx2
import shared_contracts
from gateway.app import Parts, build_app
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimitDecision
from gateway.limits.throttle import Throttle, ThrottleConfig
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from gateway.sessions.renewer import SessionRenewer
from gateway.sessions.session_authority import SessionAuthority
from gateway.sessions.use_reporter import UseReporter
from gateway.settings import Settings
from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.router import Router
from gateway.upstream.address import parse_address
from gateway.upstream.policy import UpstreamPolicy
from gateway.upstream.resolver import Resolver
from gateway.upstream.telemetry import UpstreamTelemetry
from gateway.upstream.upstream import Upstream
from order_svc.adapters.clock import utc_now
from order_svc.adapters.ids import new_id
from order_svc.rpc.error_table import ERROR_TABLE as ORDER_ERRORS
from order_svc.rpc.order_service import OrderService
from order_svc.use_cases.change_status import ChangeStatus
from order_svc.use_cases.create_order import CreateOrder
from order_svc.use_cases.delete_order import DeleteOrder
from order_svc.use_cases.get_order import GetOrder
from order_svc.use_cases.list_orders import ListOrders
from redis.asyncio import Redis
from service_kit.contract import Contract
from service_kit.grpc.handlers import AcceptGate
from service_kit.grpc.server import GrpcServer
from service_kit.settings import Secret
from service_kit.telemetry.metrics import meter
from service_kit.tokens.denylist import Denylist
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.revocation_feed import RevocationFeed
from service_kit.tokens.revocation_telemetry import RevocationTelemetry
from service_kit.tokens.verifier import TokenVerifier
from user_svc.adapters.signing.key_folder import KeyFolder
from user_svc.adapters.signing.signing_key import new_key
from user_svc.adapters.signing.signing_keys import SigningKeys
from user_svc.domain.session import SessionPolicy

from tests.fakes.orders import InMemoryOrderRepository
from tests.integration.sessions.clock import MovedClock
from tests.integration.sessions.model import LEEWAY_S
from tests.integration.sessions.user_service import UserParts, user_services
from tests.running.servers import free_port

from user_svc.rpc.error_table import ERROR_TABLE as USER_ERRORS  # isort: skip

#: At most one network's share of a gateway's permits, a quarter, so that no request of a burst is shed.
LARGEST_BURST = 50
PLACES = 4 * LARGEST_BURST
MAX_BODY_BYTES = 4096
GATEWAYS = 2


class ScriptedLimiter:
    """Admits every client except those whose bucket begins with ``refused``."""

    def __init__(self) -> None:
        self.refused: str | None = None

    async def admit(self, key: str, quota: Quota) -> RateLimitDecision:
        if self.refused is not None and key.startswith(self.refused):
            return RateLimitDecision(allowed=False, remaining=0, retry_after_s=1.0, reset_after_s=1.0)
        return RateLimitDecision(allowed=True, remaining=quota.limit, retry_after_s=0.0, reset_after_s=0.0)

    async def charge(self, key: str, quota: Quota, units: int) -> RateLimitDecision:
        return await self.admit(key, quota)


@dataclass
class Gateway:
    """One replica: its own client, the admission control to tamper with, the revocations that it knows of,
    and the uses that it reports.
    """

    client: httpx2.AsyncClient
    limiter: ScriptedLimiter
    throttle: Throttle
    denylist: Denylist
    uses: UseReporter


@dataclass
class Platform:
    """The running platform, and what tests can change in it. order_svc: closing it makes every call of orders fail."""

    clock: MovedClock
    redis: Redis
    users: UserParts
    gateways: list[Gateway] = field(default_factory=list)
    order_svc: AcceptGate = field(default_factory=AcceptGate)


@asynccontextmanager
async def running_platform(
    redis_url: str, folder: Path, policy: SessionPolicy, token_ttl_s: int
) -> AsyncIterator[Platform]:
    """Runs the platform for the context. folder: for its signing key."""
    async with AsyncExitStack() as stack:
        clock = MovedClock()
        redis = await stack.enter_async_context(Redis.from_url(redis_url, decode_responses=True))
        KeyFolder(folder).write(new_key(signs_from=0))
        signing = SigningKeys(folder, policy.absolute_ttl_s)

        async def verifier(
            fetch: Callable[[], Awaitable[list[dict[str, str]]]], revoked: Denylist | None = None
        ) -> TokenVerifier:
            keys = KeySet(fetch)
            await keys.refresh()
            return TokenVerifier(
                keys, issuer="headrace", audience="headrace", leeway_s=LEEWAY_S, now=clock, revoked=revoked
            )

        async def own_keys() -> list[dict[str, str]]:
            return signing.public()

        parts = UserParts(clock, redis, signing, policy, token_ttl_s, await verifier(own_keys))
        platform = Platform(clock, redis, parts)
        user_port, order_port = free_port(), free_port()
        await stack.enter_async_context(_server(user_services(parts), await verifier(own_keys), user_port, USER_ERRORS))
        contract = _patient_contract()
        targets = {"user-svc": f"127.0.0.1:{user_port}", "order-svc": f"127.0.0.1:{order_port}"}
        for _ in range(GATEWAYS):
            upstreams = {name: await stack.enter_async_context(_upstream(name, to)) for name, to in targets.items()}
            fetch = SessionAuthority(contract, upstreams).key_set
            denylist = await stack.enter_async_context(_followed_denylist(redis_url, contract, upstreams))
            gateway = _gateway(contract, upstreams, await verifier(fetch, denylist), denylist)
            platform.gateways.append(gateway)
            await stack.enter_async_context(gateway.client)
        orders = _server([_orders()], await verifier(fetch), order_port, ORDER_ERRORS)
        platform.order_svc = orders.gate
        await stack.enter_async_context(orders)
        yield platform


def _patient_contract() -> Contract:
    """Returns the contract with deadlines for a busy machine: other tests cover how soon the platform responds."""
    contract = Contract.load(shared_contracts.descriptor_set())
    patient = {
        path: replace(method, policy=replace(method.policy, deadline_s=60.0))
        for path, method in contract.methods.items()
    }
    return replace(contract, methods=patient)


def _server(services, verifier: TokenVerifier, port: int, errors) -> GrpcServer:  # type: ignore[no-untyped-def]
    return GrpcServer(
        services,
        contract=_patient_contract(),
        verifier=verifier,
        hosts=("127.0.0.1",),
        port=port,
        error_table=errors,
    )


def _orders() -> OrderService:
    orders = InMemoryOrderRepository()
    return OrderService(
        create=CreateOrder(orders, new_id, utc_now),
        get=GetOrder(orders),
        list=ListOrders(orders),
        change_status=ChangeStatus(orders, utc_now),
        delete=DeleteOrder(orders, utc_now),
    )


def _upstream(name: str, target: str) -> Upstream:
    # Breakers are tested elsewhere; here, the outage of one test must not affect another.
    policy = UpstreamPolicy(breaker_failures=10**9)
    return Upstream(name, Resolver([parse_address(target)]), policy, UpstreamTelemetry(meter(__name__)))


@asynccontextmanager
async def _followed_denylist(
    redis_url: str, contract: Contract, upstreams: dict[str, Upstream]
) -> AsyncIterator[Denylist]:
    denylist, ask = Denylist(), SessionAuthority(contract, upstreams).revocations
    feed = RevocationFeed(redis_url, denylist, RevocationTelemetry(meter(__name__), denylist), ask)
    following = asyncio.create_task(feed.follow())
    await feed.settled()
    yield denylist
    while not following.done():
        following.cancel()
        await asyncio.wait({following}, timeout=1)


def _gateway(
    contract: Contract, upstreams: dict[str, Upstream], verifier: TokenVerifier, denylist: Denylist
) -> Gateway:
    limiter, config = ScriptedLimiter(), ThrottleConfig(PLACES, PLACES, max_queue=0, max_wait_s=0.0)
    uses = UseReporter(contract, upstreams, meter(__name__))
    throttle = Throttle(contract.methods.values(), config, ThrottleTelemetry(meter(__name__)))
    settings = Settings(upstreams={}, redis_url=Secret("redis://unused"), max_body_bytes=MAX_BODY_BYTES)
    parts = Parts(
        contract=contract,
        router=Router(endpoints_of(contract)),
        upstreams=upstreams,
        verifier=verifier,
        renewer=SessionRenewer(contract, upstreams, verifier, meter(__name__)),
        uses=uses,
        limiter=DegradingLimiter(limiter, LocalLimiter(), meter(__name__)),
        throttle=throttle,
        meter=meter(__name__),
        version="0",
    )
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(build_app(settings, parts)),
        base_url="https://headrace.example",
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
    return Gateway(client, limiter, throttle, denylist, uses)
