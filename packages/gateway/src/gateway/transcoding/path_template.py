"""Path templates of google.api.http, the part that the contract uses: literals and {variables}, a segment each."""

import re
from dataclasses import dataclass

from service_kit.contract import ContractError

_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a path: the literal ``text``, or the variable of that name."""

    text: str
    is_variable: bool


def parse_template(template: str) -> tuple[Segment, ...]:
    """Split "/v1/things/{thing_id}" into segments. ContractError: it has a form that we do not serve."""
    if not template.startswith("/"):
        raise ContractError(f'the path "{template}" does not begin with a slash')
    return tuple(_parse_segment(template, text) for text in template[1:].split("/"))


def _parse_segment(template: str, text: str) -> Segment:
    if _LITERAL.fullmatch(text) and text not in {".", ".."}:  # no request has dot segments
        return Segment(text, is_variable=False)
    variable = _VARIABLE.fullmatch(text)
    if variable is None:
        raise ContractError(f'the path "{template}": "{text}" is neither a literal nor a {{variable}}')
    return Segment(variable[1], is_variable=True)
