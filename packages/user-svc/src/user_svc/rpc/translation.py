"""Messages of the contract ↔ the domain."""

from shared_contracts.headrace.session.v1 import JsonWebKey, SessionGrant
from shared_contracts.user.v1 import AuditEvent as AuditEventMessage
from shared_contracts.user.v1 import AuditKind as AuditKindMessage
from shared_contracts.user.v1 import ExtractTokenResponse, ListAuditEventsRequest, ListUsersRequest
from shared_contracts.user.v1 import Role as RoleMessage
from shared_contracts.user.v1 import Session as SessionMessage
from shared_contracts.user.v1 import User as UserMessage

from user_svc.domain.audit import AuditKind
from user_svc.domain.audit_listing import AuditEntry, AuditFilters
from user_svc.domain.session import ListedSession
from user_svc.domain.token import TokenContents
from user_svc.domain.user import Role, User
from user_svc.domain.user_listing import UserFilters
from user_svc.use_cases.credentials import Credentials

_ROLES = {RoleMessage.USER: Role.USER, RoleMessage.ADMIN: Role.ADMIN}
_ROLE_MESSAGES = {role: message for message, role in _ROLES.items()}
_KINDS = {AuditKindMessage[kind.name]: kind for kind in AuditKind}
_KIND_MESSAGES: dict[str, AuditKindMessage] = {kind: message for message, kind in _KINDS.items()}
_SELF = "me"


def canonical_id(text: str) -> str:
    """Returns a UUID as the domain writes it: RFC 9562 lets clients use capitals."""
    return text.lower()


def user_id(text: str | None) -> str | None:
    """Returns the id of the user that a request names; None: the caller."""
    return None if text is None or text == _SELF else canonical_id(text)


def role(message: RoleMessage) -> Role:
    return _ROLES[message]


def user_filters(message: ListUsersRequest) -> UserFilters:
    """Returns which accounts to list.

    Raises:
        PeriodEmptyError: `since` is not before `until`.
    """
    return UserFilters(
        role=None if message.role is None else role(message.role),
        email=message.email,
        since=message.since,
        until=message.until,
    )


def audit_filters(message: ListAuditEventsRequest) -> AuditFilters:
    """Returns which events to list.

    Raises:
        PeriodEmptyError: `since` is not before `until`.
    """
    return AuditFilters(
        user_id=None if message.user_id is None else canonical_id(message.user_id),
        kind=None if message.kind is None else _KINDS[message.kind],
        since=message.since,
        until=message.until,
    )


def user_message(user: User) -> UserMessage:
    """Returns the account without its password hash and version."""
    return UserMessage(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        role=_ROLE_MESSAGES[user.role],
        created_at=user.created_at,
    )


def session_grant(credentials: Credentials) -> SessionGrant:
    """Returns the session key for the client to keep."""
    return SessionGrant(session_key=credentials.session_key, max_age_s=credentials.key_max_age_s)


def session_message(session: ListedSession, current_id: str) -> SessionMessage:
    """Returns a session of a list. current_id: the id of the caller's session."""
    return SessionMessage(
        session_id=session.session_id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        ip=session.address,
        user_agent=session.agent,
        current=session.session_id == current_id,
    )


def token_message(contents: TokenContents | None) -> ExtractTokenResponse:
    """Returns the claims of a token; for None, only that it is not active."""
    if contents is None:
        return ExtractTokenResponse(active=False)
    return ExtractTokenResponse(
        active=True,
        user_id=contents.user_id,
        role=_ROLE_MESSAGES[contents.role],
        session_id=contents.session_id,
        issued_at=contents.issued_at,
        expires_at=contents.expires_at,
    )


def key_message(jwk: dict[str, str]) -> JsonWebKey:
    return JsonWebKey(kty=jwk["kty"], crv=jwk["crv"], x=jwk["x"], kid=jwk["kid"], alg=jwk["alg"], use=jwk["use"])


def audit_message(entry: AuditEntry) -> AuditEventMessage:
    """Returns an entry of the audit log. A kind that the contract does not have stays as text."""
    event = entry.event
    return AuditEventMessage(
        event_id=str(entry.number),
        kind=_KIND_MESSAGES.get(event.kind, AuditKindMessage.UNSPECIFIED),
        raw_kind=event.kind if event.kind not in _KIND_MESSAGES else "",
        at=event.at,
        actor_id=event.actor,
        subject_id=event.subject,
        ip=event.origin.address,
        request_id=event.origin.request_id,
        detail=dict(event.detail),
    )
