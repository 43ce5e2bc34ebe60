"""Who calls: the request's context in the domain's words."""

from service_kit.request.context import current_request, require_principal

from order_svc.domain.actor import Actor


def caller() -> Actor:
    """The user who makes the current request. LookupError: nobody had to say who they are."""
    principal, request = require_principal(), current_request()
    return Actor(principal.user_id, principal.is_admin, request.request_id if request else "")
