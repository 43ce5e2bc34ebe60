"""The part that logging in and changing a password share: who has failed too often must wait."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import DependencyUnavailableError, InvalidCredentialsError, LoginThrottledError
from user_svc.domain.login_attempt import LoginAttempt
from user_svc.domain.ports import AuditTrail, LoginThrottle


@dataclass(frozen=True, slots=True)
class PasswordAttempts:
    """Lets attempts be made, and counts those that fail."""

    throttle: LoginThrottle
    trail: AuditTrail

    @asynccontextmanager
    async def attempt(self, email: str, origin: Origin, subject: str | None = None) -> AsyncIterator[None]:
        """A block that proves a password, or raises InvalidCredentialsError. subject: whose it is, if that is known.

        LoginThrottledError, before the block: too many have failed; the right password is refused alike.
        A block that fails in another way, or is given up, has proved nothing either way, and does not count.
        """
        attempt = LoginAttempt.of(email, origin.address)
        try:
            await self._begin(attempt, origin, subject)
            yield
            await self.throttle.succeed(attempt)
        except (InvalidCredentialsError, LoginThrottledError):
            raise
        except BaseException:
            with suppress(DependencyUnavailableError):
                await self.throttle.take_back(attempt)
            raise

    async def proved(self, email: str, origin: Origin) -> None:
        """Makes the account familiar with where its password was just set. It is no loss if that fails."""
        with suppress(DependencyUnavailableError):
            await self.throttle.succeed(LoginAttempt.of(email, origin.address))

    async def _begin(self, attempt: LoginAttempt, origin: Origin, subject: str | None) -> None:
        decision = await self.throttle.begin(attempt)
        if decision.refused_by is None:
            return
        if decision.first:  # so that the log gets no more entries of refusals than of failures, which slow down
            detail = {"cause": "throttled", "bucket": decision.refused_by.value}
            self.trail.note(AuditEvent(AuditKind.LOGIN_FAILED, None, subject, origin, detail))
        raise LoginThrottledError(decision.retry_after_s)
