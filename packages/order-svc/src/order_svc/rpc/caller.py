"""The caller of the current request, as the domain sees it."""

from service_kit.request.context import current_request, require_principal

from order_svc.domain.actor import Actor


def caller() -> Actor:
    """Returns the user who makes the current request.

    Raises:
        LookupError: the contract allows this method without authentication.
    """
    principal, request = require_principal(), current_request()
    return Actor(principal.user_id, principal.is_admin, request.request_id if request else "")
