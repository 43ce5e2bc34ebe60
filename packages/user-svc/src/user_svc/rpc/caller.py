"""Who calls, and from where: the request's context in the domain's words."""

from service_kit.request.context import current_request, require_principal

from user_svc.domain.actor import Actor, Origin
from user_svc.use_cases.attend_session import AttendSession


def origin() -> Origin:
    """Where the current request came from."""
    request = current_request()
    if request is None:
        return Origin()
    return Origin(request.client_address, request.user_agent, request.request_id)


def presented_session_key() -> str | None:
    """The session key that the client holds while it asks for another one; not verified. None: none came."""
    request = current_request()
    return request.session_key if request is not None else None


def own_token() -> str:
    """The caller's own access token, verified already."""
    request = current_request()
    if request is None or request.access_token is None:
        raise LookupError("no access token: the contract lets this method be called without one")
    return request.access_token


def token_holder() -> Actor:
    """The user whose access token came with the call, whether or not its session still lives."""
    principal = require_principal()
    return Actor(principal.user_id, principal.session_id, principal.is_admin)


async def caller(attend: AttendSession, *, shown: bool = True) -> Actor:
    """The user who calls. SessionInvalidError: their token is genuine, but its session has ended.

    shown: whether this call is shown as the session's last use.
    """
    actor = token_holder()
    await attend(actor, origin() if shown else Origin())
    return actor
