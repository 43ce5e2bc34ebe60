"""How many requests may be inside at once, found out from how long they take."""

from math import isqrt

_WINDOW_S = 0.05
_LEAST_JUDGED = 16
_SHRINK = 0.75
_FIRST_LIMIT = 32


class AdaptiveLimit:
    """Additive increase, multiplicative decrease (Chiu and Jain, 1989), on the verdicts "slow" and "not slow".

    More than half of a window's requests were slow: a quarter fewer than have been inside. Not so, and somebody found
    no place: more, by the limit's square root; at first, and from the floor, twice as many (slow start).
    Neither chance nor a few that are slow for reasons of their own make a majority. After a change, nothing is judged
    until those inside may be taken to have entered under the new limit.

    floor, ceiling: the limit never leaves them. ValueError: there is nothing between them, or the floor is below 1.
    """

    def __init__(self, floor: int, ceiling: int) -> None:
        if not 1 <= floor <= ceiling:
            raise ValueError("an adaptive limit needs a floor of at least 1, and a ceiling that is no lower")
        self.floor = floor
        self.ceiling = ceiling
        self.limit = min(ceiling, max(floor, _FIRST_LIMIT))
        #: The last window was slow at the floor: it is not their number that makes them slow.
        self.bottomed = False
        self._seeking = True
        self._changed_at = self._began_at = float("-inf")
        self._judged = self._slow = self._most_inside = 0
        self._wanted = False

    def found_no_place(self) -> None:
        """Somebody wanted to enter and could not at once."""
        self._wanted = True

    def judge(self, *, slow: bool, inside: int, stay_s: float, now: float) -> bool:
        """Take the verdict on one request into account; whether that has ended a window.

        inside: how many there are, this one included. stay_s: how long requests are inside at present, in seconds.
        now: in seconds.
        """
        if now < self._changed_at + stay_s:
            return False
        self._judged += 1
        self._slow += slow
        self._most_inside = max(self._most_inside, inside)
        if self._judged < _LEAST_JUDGED or now - self._began_at < _WINDOW_S:
            return False
        limit = self._next_limit()
        if limit != self.limit:
            self.limit, self._changed_at = limit, now
        self._begin_window(now)
        return True

    def _next_limit(self) -> int:
        self.bottomed = False
        if 2 * self._slow <= self._judged:
            return self._more() if self._wanted else self.limit
        if 2 * self._most_inside < self.limit:
            # Whatever makes them slow, it is not the limit.
            return self.limit
        limit = int(_SHRINK * min(self.limit, self._most_inside))
        self.bottomed = self._seeking = limit <= self.floor
        return max(self.floor, limit)

    def _more(self) -> int:
        return min(self.ceiling, self.limit + (self.limit if self._seeking else isqrt(self.limit)))

    def _begin_window(self, now: float) -> None:
        self._began_at = now
        self._judged = self._slow = self._most_inside = 0
        self._wanted = False
