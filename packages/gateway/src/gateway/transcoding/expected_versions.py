"""`If-Match` of an unsafe request: into the request's field, for the service to check it as it changes the resource."""

from collections.abc import Iterable
from typing import Any

from service_kit.request.errors import Violation

from gateway.entity_tags import EntityTagError, parse_tags
from gateway.request_headers import every

#: The header fields that make a request conditional (RFC 9110, 13.1).
PRECONDITIONS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"})
#: No resource has this version. It stands for tags that name none, or are weak: the service must not do its work then,
#: but says what it would say without a condition if that is a refusal, such as 404 (RFC 9110, 13.2.1).
_NO_VERSION = 0


class ExpectedVersions:
    """Fills the field that the contract marks as expected_versions."""

    label = "If-Match"

    def __init__(self, field_name: str) -> None:
        self.field_name = field_name

    def fill(self, message: Any, headers: Iterable[tuple[bytes, bytes]], violations: list[Violation]) -> None:
        """Adds the versions that `If-Match` names by strong comparison; none where there is no such field, or `*`."""
        fields = every(headers, b"if-match")
        if not fields:
            return
        try:
            tags = parse_tags(fields)
        except EntityTagError as exc:
            violations.append(Violation(self.label, "header.format", str(exc)))
            return
        if tags is None:
            return
        versions = {tag.version for tag in tags if not tag.is_weak}
        getattr(message, self.field_name).extend(sorted(version for version in versions if version) or [_NO_VERSION])
