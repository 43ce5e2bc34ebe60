"""The caller: the request's context in the domain's words."""

from service_kit.request.context import current_request, require_principal

from user_svc.domain.actor import Actor, Origin
from user_svc.use_cases.check_session import CheckSession


def origin() -> Origin:
    """Returns where the current request came from."""
    request = current_request()
    if request is None:
        return Origin()
    return Origin(request.client_address, request.user_agent, request.request_id)


def presented_session_key() -> str | None:
    """Returns the session key that came with the request, not verified; None: there was none."""
    request = current_request()
    return request.session_key if request is not None else None


def own_token() -> str:
    """Returns the caller's own access token, which has been verified."""
    request = current_request()
    if request is None or request.access_token is None:
        raise LookupError("no access token: the contract lets this method be called without one")
    return request.access_token


def caller() -> Actor:
    """Returns the user whose access token came with the call, whether or not its session is live."""
    principal = require_principal()
    return Actor(principal.user_id, principal.session_id, principal.is_admin)


async def checked_caller(check_session: CheckSession, *, record_origin: bool = True) -> Actor:
    """Returns the caller, whose session was checked.

    Args:
        check_session: the use case.
        record_origin: whether this call's origin is recorded as the session's last one.

    Raises:
        SessionInvalidError: the token is genuine, but its session has ended.
    """
    actor = caller()
    await check_session(actor, origin() if record_origin else Origin())
    return actor
