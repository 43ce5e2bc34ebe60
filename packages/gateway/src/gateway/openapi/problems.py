"""The problem document as a schema, and the problems that an operation may answer with."""

from typing import Any

from service_kit.contract import Contract, Method
from service_kit.contract.policy import Access

Schema = dict[str, Any]

_REFERENCE = {"$ref": "#/components/schemas/Problem"}
_TEXTS = {
    400: "The request breaks a rule of the contract.",
    401: "No valid credentials came with the request.",
    403: "The caller may not do this.",
    404: "Not found, or not to be seen by the caller.",
    408: "The request did not arrive in time, or was not answered within its Request-Timeout.",
    409: "The state of things does not allow this.",
    412: "The thing has changed since.",
    415: "The body is not application/json.",
    422: "The Idempotency-Key was used with another request.",
    429: "The rate limit is used up.",
    500: "Something went wrong on our side.",
    503: "Not available now; Retry-After says when to come back.",
    504: "No answer in time.",
}
_ANY = (400, 404, 408, 409, 412, 413, 415, 422, 429, 500, 503, 504)


def problem_schema(contract: Contract) -> Schema:
    """The schema of a problem document (RFC 9457), with the catalogue of codes."""
    return {
        "type": "object",
        "description": "A problem document (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "request_id", "violations"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "Names the kind of problem, by its code."},
            "title": {"type": "string", "description": "What the code means."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": {"type": "string", "description": "What happened this time, for people."},
            "code": {"type": "string", "enum": sorted(contract.reasons), "description": "The reason, for programs."},
            "request_id": {"type": "string", "description": "The id to name when asking for help."},
            "violations": {"type": "array", "items": _violation(), "description": "The rules that are broken."},
            "decision": _decision(),
        },
    }


def problem_responses(method: Method, max_body_bytes: int) -> Schema:
    """The responses of an operation that are problems, by HTTP status. max_body_bytes: what it takes at most."""
    statuses = [*_ANY, *(() if method.policy.access is Access.PUBLIC else (403,)), 401]
    texts = _TEXTS | {413: f"The body is larger than {max_body_bytes} bytes."}
    return {
        str(status): {"description": texts[status], "content": {"application/problem+json": {"schema": _REFERENCE}}}
        for status in sorted(statuses)
    }


def _violation() -> Schema:
    names = {"field": "Where.", "rule": "The rule's id.", "message": "For people."}
    return {
        "type": "object",
        "required": list(names),
        "properties": {name: {"type": "string", "description": text} for name, text in names.items()},
    }


def _decision() -> Schema:
    integers = {"limit": "The quota.", "remaining": "What is left of it.", "retry_after_s": "When to come back, in s."}
    return {
        "type": "object",
        "description": "Why a policy refused the request.",
        "required": ["policy"],
        "properties": {
            "policy": {"type": "string", "description": "The policy, as the metrics name it."},
            "state": {"type": "string", "description": "What it found."},
            **{name: {"type": "integer", "description": text} for name, text in integers.items()},
        },
    }
