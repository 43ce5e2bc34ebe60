"""The check that every authenticated call makes: the token is valid, but does its session still live?"""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.errors import SessionInvalidError
from user_svc.domain.ports import Sessions
from user_svc.domain.session import SessionUse


@dataclass(frozen=True, slots=True)
class AttendSession:
    """Checks a session and notes that it is in use, and from where.

    That a token is used here does not prove that the client holds it: after a renewal, the gateway makes the call
    itself with the new token, before the client has the answer (and may yet lose it). Which tokens clients present,
    the gateway reports (ReportUse).
    """

    sessions: Sessions

    async def __call__(self, actor: Actor, origin: Origin) -> None:
        """Notes the use. SessionInvalidError: the session has ended, however long the token would still be valid."""
        use = SessionUse(None, origin.address, origin.agent)
        if not await self.sessions.touch(actor.session_id, actor.user_id, use):
            raise SessionInvalidError
