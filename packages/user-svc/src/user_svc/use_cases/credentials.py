"""The credentials of a session, and how they are issued."""

from dataclasses import dataclass, field

from user_svc.domain.ports import TokenMinter
from user_svc.domain.session import HeldSession
from user_svc.domain.session_key import SessionKeySeal
from user_svc.domain.token import AccessToken
from user_svc.domain.user import User


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user, an access token, and the key that renews it. key_max_age_s: how long the key may lie idle, in seconds."""

    user: User
    token: AccessToken
    session_key: str = field(repr=False)
    key_max_age_s: int


@dataclass(frozen=True, slots=True)
class CredentialIssuer:
    """Issues the credentials of an opened or renewed session."""

    seal: SessionKeySeal
    minter: TokenMinter

    def issue(self, user: User, session: HeldSession) -> Credentials:
        """Returns the session's newest key and a fresh access token. The same session state gives the same key."""
        return Credentials(
            user=user,
            token=self.minter.mint(user, session),
            session_key=self.seal.seal(session.key),
            key_max_age_s=session.max_age_s,
        )
