"""How much of the load may be retries.

When everything fails, retries multiply the load at the worst moment. So they are paid for: each request saves a part of
one, and who has saved nothing sends nothing again (Finagle's RetryBudget, and gRPC A6's throttling).
"""


class RetryBudget:
    """Allows ``share`` (0 to 1) of all requests to be sent again, and never more over any time since the start.

    There is no floor: with a share of a tenth, the first ten requests of a process save for its first retry. most: what
    can be saved up, in retries; it bounds the burst when an address dies with many calls in progress.
    """

    def __init__(self, share: float, most: float = 100.0) -> None:
        self._share = share
        self._most = most
        self._saved = 0.0

    @property
    def left(self) -> float:
        """The retries that are saved up."""
        return self._saved

    def deposit(self) -> None:
        """A request has come."""
        self._saved = min(self._most, self._saved + self._share)

    def withdraw(self) -> bool:
        """Pay for a retry; False: there is not enough."""
        # Ten tenths are a little less than one.
        if self._saved < 1.0 - 1e-9:
            return False
        self._saved = max(0.0, self._saved - 1.0)
        return True
