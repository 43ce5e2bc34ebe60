"""The gateway's settings, read from environment variables: GATEWAY_ + NAME."""

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
    """Parses "user-svc=host:port,order-svc=host:port,host:port"; an item without a name belongs to the name before it.

    Raises:
        ValueError: the text has another form.
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
    """The settings, validated when the process starts, and constant from then on."""

    upstreams: dict[str, tuple[Address, ...]] = setting(
        doc="addresses of each upstream of the contract, as NAME=HOST:PORT,…; an item without a name is a further "
        "address of the upstream before it, and a host name stands for all its addresses",
        parse=parse_upstreams,
    )
    redis_url: Secret = setting(
        doc="the Redis that holds rate limits and revocations, as redis://USER:PASSWORD@HOST:PORT/DATABASE",
        parse=redis_url,
    )
    host: tuple[str, ...] = setting(
        doc="addresses to listen on, as HOST,…; :: accepts IPv4 too", default=LOOPBACK, parse=parse_hosts
    )
    port: int = setting(doc="port to listen on", default=8080, minimum=1, maximum=65535)
    share_port: bool = setting(
        doc="whether other gateways may listen on the same port; all replicas on one machine need it", default=False
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
        doc="file with the contract to serve (a FileDescriptorSet) instead of the one of this release", default=None
    )
    rate_limit_default: Quota = setting(
        doc="requests per window of one user or network, for default calls",
        default=Quota(600, 60),
        parse=parse_quota,
    )
    rate_limit_credentials: Quota = setting(
        doc="requests per window of one user or network, for calls that take a password",
        default=Quota(10, 60),
        parse=parse_quota,
    )
    rate_limit_replicas: int = setting(
        doc="gateways that share the quotas; each admits its part while Redis is unavailable", default=1, minimum=1
    )
    max_concurrency: int = setting(
        doc="highest concurrency limit of each upstream and rate class", default=256, minimum=1
    )
    min_concurrency: int = setting(
        doc="lowest concurrency limit of each upstream and rate class, however slow its answers are",
        default=8,
        minimum=1,
    )
    max_queue: int = setting(
        doc="requests that may wait for a permit, for each upstream and rate class", default=512, minimum=0
    )
    max_queue_wait_ms: int = setting(doc="longest wait for a permit", unit="ms", default=2000, minimum=0)
    max_body_bytes: int = setting(
        doc="largest request body of any method; most have a smaller limit, that of their largest valid message",
        unit="bytes",
        default=MAX_BODY_BYTES,
        minimum=1,
        maximum=MAX_BODY_BYTES,
    )
    max_buffered_body_bytes: int = setting(
        doc="largest size of the bodies of all requests in progress together",
        unit="bytes",
        default=64 * 1024 * 1024,
        minimum=1024 * 1024,
    )
    body_timeout_s: float = setting(doc="longest time to receive a request body", unit="s", default=10.0, minimum=0.1)
    max_target_bytes: int = setting(
        doc="longest request target: path and query, or URL", unit="bytes", default=8 * 1024, minimum=256
    )
    max_headers: int = setting(doc="largest number of header fields of a request", default=100, minimum=1)
    max_header_bytes: int = setting(
        doc="largest size of all header fields of a request together", unit="bytes", default=16 * 1024, minimum=1024
    )
    header_timeout_s: float = setting(
        doc="longest time to receive the header fields of a request", unit="s", default=10.0, minimum=0.1
    )
    request_timeout_s: float = setting(
        doc="longest time from the header fields of a request to the end of its response",
        unit="s",
        default=60.0,
        minimum=1,
    )
    keep_alive_timeout_s: float = setting(
        doc="how long a connection may be idle; must be longer than the idle timeout of proxies in front",
        unit="s",
        default=75.0,
        minimum=0.1,
    )
    send_timeout_s: float = setting(
        doc="write timeout: how long a client may not read pending output", unit="s", default=20.0, minimum=0.1
    )
    max_unsent_bytes: int = setting(
        doc="largest size of all unread responses together; one address (or /64 of IPv6) may have an eighth of it",
        unit="bytes",
        default=32 * 1024 * 1024,
        minimum=1024 * 1024,
    )
    max_connections: int = setting(doc="open connections", default=4096, minimum=1)
    max_connections_per_client: int = setting(
        doc="open connections of one address, or /64 of IPv6; trusted proxies are exempt", default=512, minimum=1
    )
    max_requests_per_connection: int = setting(
        doc="requests after which a connection is closed gracefully", default=10_000, minimum=1
    )
    http2_max_streams: int = setting(doc="concurrent requests on an HTTP/2 connection", default=100, minimum=1)
    http2_max_resets: int = setting(
        doc="requests that a client may reset on an HTTP/2 connection within 10 s", default=100, minimum=1
    )
    http2_max_control_frames: int = setting(
        doc="control frames on an HTTP/2 connection within 10 s", default=500, minimum=1
    )
    cors_origins: tuple[str, ...] = setting(
        doc="origins whose pages may call, credentials included, as https://HOST,…", default=(), parse=_origins
    )
    trusted_proxies: tuple[str, ...] = setting(
        doc="networks of proxies whose X-Forwarded-For is trusted, as CIDR,…", default=(), parse=_networks
    )
    cookie_secure: bool = setting(doc="whether the session cookie is for HTTPS only (__Host- prefix)", default=True)
    token_issuer: str = setting(doc="required issuer of access tokens", default="headrace")
    token_audience: str = setting(doc="required audience of access tokens", default="headrace")
    token_leeway_s: float = setting(
        doc="tolerated clock difference when a token expires", unit="s", default=5.0, minimum=0, maximum=30
    )
    upstream_resolve_s: float = setting(
        doc="interval between two resolutions of the host names of upstreams", unit="s", default=10.0, minimum=1
    )
    upstream_connect_s: float = setting(
        doc="longest time to open a connection to an upstream", unit="s", default=1.0, minimum=0.05
    )
    breaker_failures: int = setting(
        doc="consecutive failures that open the circuit breaker of an upstream's address", default=5, minimum=1
    )
    breaker_reset_s: float = setting(
        doc="how long a circuit breaker stays open before a trial call", unit="s", default=1.0, minimum=0.05
    )
    retries: int = setting(
        doc="retries of a call that may be repeated, at other addresses", default=2, minimum=0, maximum=2
    )
    retry_budget_percent: float = setting(
        doc="largest part of retries in all requests", unit="%", default=10.0, minimum=0, maximum=100
    )
    drain_s: float = setting(
        doc="longest wait for requests in progress during shutdown", unit="s", default=10.0, minimum=0
    )
    drain_notice_s: float = setting(
        doc="how long idle connections stay open during shutdown, for requests already sent",
        unit="s",
        default=1.0,
        minimum=0,
    )
    log_level: str = setting(
        doc="least severe level that is logged", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_format: str = setting(doc="json, or human for people", default="json", choices=("json", "human"))
