"""The issuer of access tokens, followed by a process that only verifies them. Needs `service-kit[redis]`."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from opentelemetry.metrics import Meter

from service_kit.lifecycle import Lifecycle
from service_kit.settings import Secret
from service_kit.tokens.denylist import Denylist
from service_kit.tokens.key_set import KEY_PUSH_WITHIN_S, KeySet
from service_kit.tokens.revocation_feed import Ask, RevocationFeed
from service_kit.tokens.revocation_telemetry import RevocationTelemetry
from service_kit.tokens.verifier import TokenVerifier


class IssuerSettings(Protocol):
    """The settings of a process that verifies access tokens. redis_url: of the Redis that announces revocations."""

    @property
    def redis_url(self) -> Secret: ...
    @property
    def token_issuer(self) -> str: ...
    @property
    def token_audience(self) -> str: ...
    @property
    def token_leeway_s(self) -> float: ...


def follow_issuer(
    lifecycle: Lifecycle,
    settings: IssuerSettings,
    meter: Meter,
    *,
    fetch_keys: Callable[[], Awaitable[list[dict[str, str]]]],
    ask_revocations: Ask,
) -> tuple[TokenVerifier, RevocationFeed]:
    """Follows the issuer's keys and revocations in the background; the process is ready once it has a key.

    Args:
        lifecycle: Stops following when the process ends.
        settings: What an access token must say, and where revocations are announced.
        meter: Records how far behind the revocations are.
        fetch_keys: Gets the issuer's current keys as JWKs.
        ask_revocations: Asks the issuer for what was revoked from a point on.

    Returns:
        The verifier, and the feed whose `settled` a server waits for before it takes requests.
    """
    keys = KeySet(fetch_keys, await_push_s=KEY_PUSH_WITHIN_S)
    lifecycle.start("key-set", keys.keep_fresh)
    lifecycle.readiness.add("key_set", keys.check_loaded)
    denylist = Denylist()
    revocations = RevocationFeed(
        settings.redis_url.reveal(),
        denylist,
        RevocationTelemetry(meter, denylist),
        ask_revocations,
        on_key=keys.refresh_soon,
    )
    lifecycle.start("revocations", revocations.follow)
    verifier = TokenVerifier(
        keys,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        leeway_s=settings.token_leeway_s,
        revoked=denylist,
    )
    return verifier, revocations
