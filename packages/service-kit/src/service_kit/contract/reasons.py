"""Reads the catalogue of reasons: the enums of the contract with the option (headrace.v1.reasons)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FileDescriptor

from service_kit.contract.enum_names import value_prefix
from service_kit.contract.errors import ContractError
from service_kit.contract.options import OptionReader


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for refusing a call, with a stable name.

    title: for people, the value's comment. http_status: overrides the one that the gRPC status maps to; None: does not.
    """

    name: str
    title: str
    http_status: int | None


def read_reasons(files: list[FileDescriptor], options: OptionReader, comments: Mapping[str, str]) -> dict[str, Reason]:
    """Returns all reasons, by name; raises ContractError if two catalogues give a name different HTTP statuses."""
    reasons: dict[str, Reason] = {}
    for enum in _catalogues(files, options):
        prefix = value_prefix(enum.name)
        for value in enum.values:
            if value.number == 0:
                continue
            reason = _read_reason(value, prefix, options, comments.get(f"{enum.full_name}.{value.name}", ""))
            known = reasons.setdefault(reason.name, reason)
            if known.http_status != reason.http_status:
                raise ContractError(f"the reason {reason.name} has two HTTP statuses")
    return reasons


def _catalogues(files: list[FileDescriptor], options: OptionReader) -> Iterator[Any]:
    for file in files:
        for enum in file.enum_types_by_name.values():
            if options.read(enum, "headrace.v1.reasons"):
                yield enum


def _read_reason(value: Any, prefix: str, options: OptionReader, comment: str) -> Reason:
    policy = options.read(value, "headrace.v1.reason")
    name = value.name.removeprefix(prefix)
    title = comment.rstrip(".") or name.replace("_", " ").capitalize()
    return Reason(name, title, policy.http_status or None if policy is not None else None)
