"""The part that logging in and changing a password share: after too many failures, the next attempt has to wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import DependencyUnavailableError, InvalidCredentialsError, LoginThrottledError
from user_svc.domain.login_attempt import LoginAttempt
from user_svc.domain.ports import AuditTrail, LoginThrottle

#: How long an attempt waits for those before it to be decided (seconds). A login has 5 s in all.
_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class PasswordAttempts:
    """Lets attempts be made, and counts those that fail.

    An attempt counts as failed until it has succeeded, so that guesses in parallel do not slip by. Where that refuses
    an attempt while others of the same account are under way in this process, it waits until they are decided, and
    asks again: right passwords that come together are no failures.
    """

    throttle: LoginThrottle
    trail: AuditTrail
    _under_way: dict[str, set[asyncio.Event]] = field(default_factory=dict, init=False)

    @asynccontextmanager
    async def attempt(self, email: str, origin: Origin, subject: str | None = None) -> AsyncIterator[None]:
        """A block that proves a password, or raises InvalidCredentialsError. subject: whose it is, if that is known.

        LoginThrottledError, before the block: too many have failed; the right password is refused alike.
        A block that fails in another way, or is given up, has proved nothing either way, and does not count.
        """
        attempt = LoginAttempt.of(email, origin.address)
        decided: asyncio.Event | None = None
        try:
            decided = await self._begin(attempt, origin, subject)
            yield
            await self.throttle.succeed(attempt)
        except (InvalidCredentialsError, LoginThrottledError):
            raise
        except BaseException:
            with suppress(DependencyUnavailableError):
                await self.throttle.take_back(attempt)
            raise
        finally:
            if decided is not None:
                self._leave(attempt, decided)

    async def proved(self, email: str, origin: Origin) -> None:
        """Makes the account familiar with where its password was just set. It is no loss if that fails."""
        with suppress(DependencyUnavailableError):
            await self.throttle.succeed(LoginAttempt.of(email, origin.address))

    async def _begin(self, attempt: LoginAttempt, origin: Origin, subject: str | None) -> asyncio.Event:
        """Begins the attempt; to be set, by `_leave`, when it is decided. LoginThrottledError."""
        is_first, due = False, asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            decided = self._enter(attempt)
            try:
                decision = await self.throttle.begin(attempt)
            except BaseException:
                self._leave(attempt, decided)
                raise
            if decision.refused_by is None:
                return decided
            self._leave(attempt, decided)
            is_first = is_first or decision.first
            if not await self._others_decided(attempt, due):
                break
        if is_first:  # so that the log gets no more entries of refusals than of failures, which slow down
            detail = {"cause": "throttled", "bucket": decision.refused_by.value}
            self.trail.note(AuditEvent(AuditKind.LOGIN_FAILED, None, subject, origin, detail))
        raise LoginThrottledError(decision.retry_after_s)

    async def _others_decided(self, attempt: LoginAttempt, due: float) -> bool:
        """Waits for the account's attempts that are under way here; False: there are none, or it took too long."""
        others = tuple(self._under_way.get(attempt.account, ()))
        try:
            async with asyncio.timeout_at(due):
                for other in others:
                    await other.wait()
        except TimeoutError:
            return False
        return bool(others)

    def _enter(self, attempt: LoginAttempt) -> asyncio.Event:
        decided = asyncio.Event()
        self._under_way.setdefault(attempt.account, set()).add(decided)
        return decided

    def _leave(self, attempt: LoginAttempt, decided: asyncio.Event) -> None:
        decided.set()
        under_way = self._under_way[attempt.account]
        under_way.discard(decided)
        if not under_way:
            del self._under_way[attempt.account]
