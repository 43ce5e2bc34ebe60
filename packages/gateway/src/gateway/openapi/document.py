"""The OpenAPI 3.1 document of the whole contract."""

from typing import Any

from service_kit.contract import Contract

from gateway.openapi.operations import operation, tag_name
from gateway.openapi.problems import problem_schema
from gateway.openapi.schemas import Schemas
from gateway.transcoding.body_bounds import MAX_BODY_BYTES
from gateway.transcoding.path_template import Segment, parse_template

_BEARER = "The `access_token` that registration and login answer with."
_SESSION = "Set by registration and login, and sent by the browser itself: there is nothing to fill in here."


def openapi_document(
    contract: Contract, *, version: str, cookie_name: str, max_body_bytes: int = MAX_BODY_BYTES
) -> dict[str, Any]:
    """The document, ready for JSON.

    version: of the gateway. cookie_name: of the session cookie. max_body_bytes: what no body may exceed.
    """
    schemas = Schemas(contract)
    paths: dict[str, dict[str, Any]] = {}
    # Paths that differ in their variables' names only are one path (OpenAPI 3.1, 4.8.8): the first ones are shown.
    shown: dict[tuple[Segment | None, ...], str] = {}
    for method in contract.methods.values():
        for index, binding in enumerate(method.bindings):
            shape = tuple(None if segment.is_variable else segment for segment in parse_template(binding.path))
            path = shown.setdefault(shape, binding.path)
            described = operation(
                contract, schemas, method, binding, path, is_first=index == 0, max_body_bytes=max_body_bytes
            )
            paths.setdefault(path, {})[binding.http_method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headrace",
            "version": version,
            "description": "Generated from the contract: one annotated proto method is one endpoint.",
        },
        "tags": _tags(contract),
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Problem": problem_schema(contract), **dict(sorted(schemas.components.items()))},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": _BEARER},
                "session": {"type": "apiKey", "in": "cookie", "name": cookie_name, "description": _SESSION},
            },
        },
    }


def _tags(contract: Contract) -> list[dict[str, str]]:
    """The groups in the order in which a page shows them: the platform's own come last."""
    services = {method.service for method in contract.methods.values() if method.bindings}
    in_order = sorted(services, key=lambda service: (service.startswith("headrace."), service))
    return [{"name": tag_name(service), "description": contract.comment(service)} for service in in_order]
