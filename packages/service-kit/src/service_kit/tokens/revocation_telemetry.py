"""Metrics and log lines of the revocation feed."""

from collections.abc import Iterable

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation

from service_kit.telemetry.metrics import from_zero
from service_kit.telemetry.seconds_histogram import seconds_histogram
from service_kit.tokens.denylist import Denylist

_lag = seconds_histogram("auth.revocation.lag", "Time from the end of a session or key to its refusal by this process")


class RevocationTelemetry:
    """Records what the feed reports, and observes the size of the denylist."""

    def __init__(self, meter: Meter, denylist: Denylist) -> None:
        self._denylist = denylist
        self._connected: bool | None = None
        self._losses = meter.create_counter(
            "auth.revocation.feed.losses", description="Times that the revocation feed was lost or could not connect"
        )
        from_zero(self._losses)
        meter.create_observable_gauge(
            "auth.revocation.feed.connected",
            callbacks=[self._observe_connected],
            description="1 while revocations are received; without them, revoked tokens are accepted until they expire",
        )
        meter.create_observable_gauge(
            "auth.revocation.denied",
            callbacks=[self._observe_denied],
            description="Sessions whose unexpired tokens are refused",
        )

    def received(self, lag_s: float) -> None:
        """Records a revocation that was made ``lag_s`` ago."""
        _lag.record(lag_s)

    def connected(self) -> None:
        """Records that all revocations so far are known, and that further ones will be."""
        if self._connected is False:
            logger.info("revocations are received again")
        self._connected = True

    def disconnected(self, exc: Exception) -> None:
        """Records that no revocations are received; counted and logged only at the change."""
        if self._connected is not False:
            self._losses.add(1)
            # The type alone: a driver's text may hold an address with its password.
            logger.bind(cause=type(exc).__name__).warning("no revocations are received")
        self._connected = False

    def _observe_connected(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self._connected is True))]

    def _observe_denied(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._denylist.count_sessions(), {"kind": "session"})]
