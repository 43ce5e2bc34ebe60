"""Requests on their way from early load shedding to the throttle."""

from collections import Counter
from collections.abc import Callable

from service_kit.request.clients import Client

#: A reservation counts for so long (seconds): longer than identification and quota take, and too short for slow senders
#: of bodies to keep many others out.
_VALID_S = 0.25


class Reservations:
    """Requests that will soon ask for a permit, oldest first, counted by network.

    Without them, all requests that arrive at one time would count on the same free permit.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since: dict[Reservation, float] = {}
        self._by_network: Counter[Client | None] = Counter()

    def add(self, network: Client | None = None) -> "Reservation":
        """Returns the reservation of one more request, which counts until it ends or expires."""
        reservation = Reservation(self, network)
        self._since[reservation] = self._now()
        self._by_network[network] += 1
        return reservation

    def remove(self, reservation: "Reservation") -> bool:
        """Ends a reservation. Returns whether it still counted."""
        since = self._since.get(reservation)
        if since is None:
            return False
        self._forget(reservation)
        return self._now() < since + _VALID_S

    def count(self, max_per_network: int) -> int:
        """Returns how many count, at most ``max_per_network`` of one known network."""
        expired_since = self._now() - _VALID_S
        while self._since and next(iter(self._since.values())) <= expired_since:
            self._forget(next(iter(self._since)))
        if len(self._since) <= max_per_network:
            return len(self._since)
        counts = self._by_network.items()
        return sum(count if network is None else min(count, max_per_network) for network, count in counts)

    def _forget(self, reservation: "Reservation") -> None:
        del self._since[reservation]
        network = reservation.network
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]


class Reservation:
    """One request on its way to the throttle. network: where it comes from; None: unknown."""

    __slots__ = ("_reservations", "network")

    def __init__(self, reservations: Reservations, network: Client | None) -> None:
        self._reservations = reservations
        self.network = network

    def end(self) -> bool:
        """Ends the reservation; further calls have no effect. Returns whether it still counted."""
        return self._reservations.remove(self)
