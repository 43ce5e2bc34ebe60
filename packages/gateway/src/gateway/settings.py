"""What the gateway can be told from outside: GATEWAY_ + NAME."""

from dataclasses import dataclass
from pathlib import Path

from service_kit.listening import LOOPBACK, parse_hosts
from service_kit.settings import Secret, redis_url, setting
from service_kit.tracing.settings import TracingSettings

from gateway.limits.quota import Quota, parse_quota
from gateway.middleware.client_address import parse_networks
from gateway.origins import parse_origins
from gateway.transcoding.body_bounds import MAX_BODY_BYTES
from gateway.upstream.address import Address, parse_address

PREFIX = "GATEWAY_"


def parse_upstreams(text: str) -> dict[str, tuple[Address, ...]]:
    """Read "user-svc=host:port,order-svc=host:port,host:port": what has no name belongs to the name before it.

    ValueError: it has another form.
    """
    upstreams: dict[str, tuple[Address, ...]] = {}
    name = ""
    for part in text.split(","):
        named, separator, target = (piece.strip() for piece in part.rpartition("="))
        if separator:
            name = named
            if name in upstreams:
                raise ValueError(f"{name} is there twice")
        if not name:
            raise ValueError(f'"{part}" is not NAME=HOST:PORT')
        upstreams[name] = (*upstreams.get(name, ()), parse_address(target))
    return upstreams


def _origins(text: str) -> tuple[str, ...]:
    return tuple(sorted(parse_origins(_items(text))))


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(network) for network in parse_networks(_items(text)))


def _items(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip())]


@dataclass(frozen=True)
class Settings(TracingSettings):
    """Validated when the process starts, and never changed."""

    upstreams: dict[str, tuple[Address, ...]] = setting(
        doc="where each upstream of the contract is, as NAME=HOST:PORT,…; one without a name is a further address of "
        "the upstream before it, and a host name stands for all its addresses",
        parse=parse_upstreams,
    )
    redis_url: Secret = setting(
        doc="the Redis that holds rate limits and revocations, as redis://USER:PASSWORD@HOST:PORT/DATABASE",
        parse=redis_url,
    )
    host: tuple[str, ...] = setting(
        doc="addresses to listen on, as HOST,…; :: takes IPv4 too", default=LOOPBACK, parse=parse_hosts
    )
    port: int = setting(doc="port to listen on", default=8080, minimum=1, maximum=65535)
    share_port: bool = setting(
        doc="whether other gateways may listen on the same port; replicas on one machine all need it", default=False
    )
    admin_host: tuple[str, ...] = setting(
        doc="addresses of the admin port: probes, metrics, log level", default=LOOPBACK, parse=parse_hosts
    )
    admin_port: int = setting(doc="admin port", default=9464, minimum=1, maximum=65535)
    pprof_host: tuple[str, ...] = setting(
        doc="addresses of profiles (/debug/pprof/)", default=LOOPBACK, parse=parse_hosts
    )
    pprof_port: int = setting(doc="port of profiles; 0 for none", default=6060, minimum=0, maximum=65535)
    descriptor_set: Path | None = setting(
        doc="a contract to serve instead of the one that this version ships (a FileDescriptorSet)", default=None
    )
    rate_limit_default: Quota = setting(
        doc="requests per window for everyday calls, of one user or address",
        default=Quota(600, 60),
        parse=parse_quota,
    )
    rate_limit_credentials: Quota = setting(
        doc="requests per window for calls that take a password", default=Quota(10, 60), parse=parse_quota
    )
    rate_limit_replicas: int = setting(
        doc="gateways that share the quotas; each admits its part while Redis is away", default=1, minimum=1
    )
    max_concurrency: int = setting(
        doc="the most requests in progress at once, for each upstream and rate class", default=256, minimum=1
    )
    min_concurrency: int = setting(
        doc="how many are let in at once however slow answers are, for each upstream and rate class",
        default=8,
        minimum=1,
    )
    max_queue: int = setting(
        doc="requests that may wait for their turn, for each upstream and rate class", default=512, minimum=0
    )
    max_queue_wait_ms: int = setting(doc="longest wait for a turn", unit="ms", default=2000, minimum=0)
    max_body_bytes: int = setting(
        doc="largest request body of any method; most have a smaller limit, that of their largest valid message",
        unit="bytes",
        default=MAX_BODY_BYTES,
        minimum=1,
        maximum=MAX_BODY_BYTES,
    )
    max_buffered_body_bytes: int = setting(
        doc="bodies of all requests in progress, together", unit="bytes", default=64 * 1024 * 1024, minimum=1024 * 1024
    )
    body_timeout_s: float = setting(doc="longest time for a body to arrive", unit="s", default=10.0, minimum=0.1)
    max_target_bytes: int = setting(
        doc="longest request target: path and query, or URL", unit="bytes", default=8 * 1024, minimum=256
    )
    max_headers: int = setting(doc="most header fields of a request", default=100, minimum=1)
    max_header_bytes: int = setting(
        doc="largest header fields of a request, together", unit="bytes", default=16 * 1024, minimum=1024
    )
    header_timeout_s: float = setting(
        doc="longest time for the header fields of a request to arrive", unit="s", default=10.0, minimum=0.1
    )
    request_timeout_s: float = setting(
        doc="longest time from the header fields of a request to the end of its response",
        unit="s",
        default=60.0,
        minimum=1,
    )
    keep_alive_timeout_s: float = setting(
        doc="how long a connection may lie idle; longer than proxies in front keep theirs",
        unit="s",
        default=75.0,
        minimum=0.1,
    )
    send_timeout_s: float = setting(
        doc="how long a client may leave unread what is ready for it", unit="s", default=20.0, minimum=0.1
    )
    max_unsent_bytes: int = setting(
        doc="responses that clients have not read, together; one address (or /64 of IPv6) has an eighth of it",
        unit="bytes",
        default=32 * 1024 * 1024,
        minimum=1024 * 1024,
    )
    max_connections: int = setting(doc="connections at once", default=4096, minimum=1)
    max_connections_per_client: int = setting(
        doc="connections at once of one address, or /64 of IPv6; trusted proxies are exempt", default=512, minimum=1
    )
    max_requests_per_connection: int = setting(
        doc="requests after which a client is asked for a new connection", default=10_000, minimum=1
    )
    http2_max_streams: int = setting(doc="requests at once on an HTTP/2 connection", default=100, minimum=1)
    http2_max_resets: int = setting(
        doc="requests that a client may call off on an HTTP/2 connection within 10 s", default=100, minimum=1
    )
    http2_max_control_frames: int = setting(
        doc="frames that carry nothing of a request on an HTTP/2 connection within 10 s", default=500, minimum=1
    )
    cors_origins: tuple[str, ...] = setting(
        doc="origins whose pages may call, credentials included, as https://HOST,…", default=(), parse=_origins
    )
    trusted_proxies: tuple[str, ...] = setting(
        doc="networks of proxies whose X-Forwarded-For is believed, as CIDR,…", default=(), parse=_networks
    )
    cookie_secure: bool = setting(doc="whether the session cookie is for HTTPS only (__Host- prefix)", default=True)
    token_issuer: str = setting(doc="issuer that access tokens must name", default="headrace")
    token_audience: str = setting(doc="audience that access tokens must name", default="headrace")
    token_leeway_s: float = setting(
        doc="how far clocks may differ when a token expires", unit="s", default=5.0, minimum=0, maximum=30
    )
    upstream_resolve_s: float = setting(
        doc="how often the host names of upstreams are resolved anew", unit="s", default=10.0, minimum=1
    )
    upstream_connect_s: float = setting(
        doc="how long a connection to an upstream may take to open", unit="s", default=1.0, minimum=0.05
    )
    breaker_failures: int = setting(
        doc="failures in a row that open the circuit breaker of an upstream's address", default=5, minimum=1
    )
    breaker_reset_s: float = setting(
        doc="how long a breaker stays open before it tries again", unit="s", default=1.0, minimum=0.05
    )
    retries: int = setting(
        doc="how often a call that may be repeated is sent again, at other addresses", default=2, minimum=0, maximum=2
    )
    retry_budget_percent: float = setting(
        doc="how many of all requests may be retries", unit="%", default=10.0, minimum=0, maximum=100
    )
    drain_s: float = setting(doc="longest wait for requests in progress at the end", unit="s", default=10.0, minimum=0)
    drain_notice_s: float = setting(
        doc="how long idle connections are still answered at the end, for requests that are on their way",
        unit="s",
        default=1.0,
        minimum=0,
    )
    log_level: str = setting(
        doc="least level of what is logged", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_format: str = setting(doc="json, or human for people", default="json", choices=("json", "human"))
