"""Report that a client has presented an access token, so that it has the session key issued with it."""

from dataclasses import dataclass

from user_svc.domain.errors import SessionInvalidError
from user_svc.domain.ports import Sessions, TokenReader
from user_svc.domain.session import SessionUse


@dataclass(frozen=True, slots=True)
class ReportUse:
    """Use case: records that the session key issued with an access token has reached its client.

    From then on, the predecessor of that key is accepted within the grace only: later, it must be a copy.
    """

    sessions: Sessions
    tokens: TokenReader

    async def __call__(self, token: str) -> None:
        """Records the use.

        Raises:
            SessionInvalidError: the token is not valid, or its session has ended.
        """
        contents = await self.tokens.read(token)
        if contents is None:
            raise SessionInvalidError
        use = SessionUse(contents.key_counter)
        if not await self.sessions.touch(contents.session_id, contents.user_id, use):
            raise SessionInvalidError
