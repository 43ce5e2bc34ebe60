"""Check that the session of a call is live: a verified token alone does not prove that."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.errors import SessionInvalidError
from user_svc.domain.ports import Sessions
from user_svc.domain.session import SessionUse


@dataclass(frozen=True, slots=True)
class CheckSession:
    """Use case: checks the session of a call, and records that it is in use and from where.

    The use of a token here does not prove that the client has it: after a renewal, the gateway makes the call itself
    with the new token, before the client has the response, which may still be lost. The gateway reports the tokens that
    clients present (ReportUse).
    """

    sessions: Sessions

    async def __call__(self, actor: Actor, origin: Origin) -> None:
        """Records the use.

        Raises:
            SessionInvalidError: the session has ended, even if the token has not expired.
        """
        use = SessionUse(None, origin.address, origin.agent)
        if not await self.sessions.touch(actor.session_id, actor.user_id, use):
            raise SessionInvalidError
