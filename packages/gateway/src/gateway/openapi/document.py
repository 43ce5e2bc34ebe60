"""The OpenAPI 3.1 document of the whole contract."""

from typing import Any

from service_kit.contract import Contract

from gateway.openapi.operations import operation
from gateway.openapi.problems import problem_schema
from gateway.openapi.schemas import Schemas


def openapi_document(contract: Contract, *, version: str, cookie_name: str) -> dict[str, Any]:
    """The document, ready for JSON. version: of the gateway; cookie_name: of the session cookie."""
    schemas = Schemas(contract)
    paths: dict[str, dict[str, Any]] = {}
    for method in contract.methods.values():
        for index, binding in enumerate(method.bindings):
            described = operation(contract, schemas, method, binding, is_first=index == 0)
            paths.setdefault(binding.path, {})[binding.http_method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headrace",
            "version": version,
            "description": "Generated from the contract: one annotated proto method is one endpoint.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Problem": problem_schema(contract), **dict(sorted(schemas.components.items()))},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": cookie_name},
            },
        },
    }
