"""The preconditions of an operation: header parameters, the entity tag of its answer, and 304."""

from typing import Any

from service_kit.contract import Binding, Contract, Method

from gateway.transcoding.response_writer import body_type_of, version_field

Schema = dict[str, Any]

_TAG = '(W/)?"[!#-~]*"'
_TAGS = {"type": "string", "pattern": rf"^(\*|{_TAG}( *, *{_TAG})*)$", "examples": ['"1"', '"1", "2"', "*"]}
_IF_MATCH = "Entity tags of which the resource must have one; otherwise nothing is done, and the answer is 412."
_IF_NONE_MATCH = "Entity tags of the copies that the client has; if one of them is current, the answer is 304."


def has_version(contract: Contract, method: Method, binding: Binding) -> bool:
    """Whether the answer is a resource with a version."""
    return version_field(contract, body_type_of(method, binding)) is not None


def precondition_parameters(contract: Contract, method: Method, binding: Binding) -> list[Schema]:
    """The header parameters of an operation that are preconditions."""
    if binding.http_method == "GET":
        names = (
            {"If-Match": _IF_MATCH, "If-None-Match": _IF_NONE_MATCH} if has_version(contract, method, binding) else {}
        )
    else:
        names = {"If-Match": _IF_MATCH} if method.expected_versions is not None else {}
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": _TAGS}
        for name, text in names.items()
    ]


def entity_tag(contract: Contract, method: Method, binding: Binding) -> Schema:
    """The response headers that name the version of an answer; none where it has no version."""
    if not has_version(contract, method, binding):
        return {}
    schema = {"type": "string", "pattern": f"^{_TAG}$"}
    return {"ETag": {"schema": schema, "description": "Names the version, for If-Match and If-None-Match."}}


def not_modified(contract: Contract, method: Method, binding: Binding) -> Schema:
    """The responses that say that the client's copy is current, by HTTP status."""
    if binding.http_method != "GET" or not has_version(contract, method, binding):
        return {}
    text = "The client's copy, which If-None-Match names, is current."
    return {"304": {"description": text, "headers": entity_tag(contract, method, binding)}}
