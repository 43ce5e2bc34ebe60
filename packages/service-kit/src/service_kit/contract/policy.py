"""Policies of methods and fields, as headrace/v1/policy.proto defines them."""

from dataclasses import dataclass
from enum import Enum


class Access(Enum):
    """Who may call a method."""

    PUBLIC = 1
    USER = 2
    ADMIN = 3
    INTERNAL = 4


class RateClass(Enum):
    """The quota that a method draws on."""

    DEFAULT = "default"
    CREDENTIALS = "credentials"


class Degraded(Enum):
    """The rate limit of a method while the shared store is unavailable."""

    LOCAL_SHARE = "local_share"
    REFUSE = "refuse"


class SessionEffect(Enum):
    """The effect of a method on the caller's session."""

    NONE = 0
    ISSUES = 1
    ENDS = 2


class Idempotency(Enum):
    """google.protobuf.MethodOptions.idempotency_level."""

    UNKNOWN = 0
    NO_SIDE_EFFECTS = 1
    IDEMPOTENT = 2


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """The policy of one method. cache_max_age_s: None if responses must not be cached."""

    access: Access
    deadline_s: float
    rate_class: RateClass
    degraded: Degraded
    session: SessionEffect
    success_status: int
    cache_max_age_s: int | None
    idempotency: Idempotency


@dataclass(frozen=True, slots=True)
class HeaderBinding:
    """The HTTP header of a field. format: of the header's value, with {} for the field's value."""

    name: str
    format: str


class TextForm(Enum):
    """The normalization of a request's string, before validation."""

    AS_IT_CAME = 0
    NFC = 1
    TRIMMED = 2


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """The policy of one field.

    version: the field is the version of its message. expected_versions: the field is filled from `If-Match`.
    raw_value_of: the enum field of the same message that this one replaces in JSON if it is set; empty: none.
    default_min_len: the least length in characters that the service requires by default; 0: none.
    text_form: the normalization of a string before validation.
    pattern_message: the message for a value that breaks the pattern of buf.validate; empty: a general one.
    """

    from_header: HeaderBinding | None = None
    to_header: HeaderBinding | None = None
    sensitive: bool = False
    idempotency_key: bool = False
    version: bool = False
    expected_versions: bool = False
    default_min_len: int = 0
    raw_value_of: str = ""
    text_form: TextForm = TextForm.AS_IT_CAME
    pattern_message: str = ""

    @property
    def is_from_header(self) -> bool:
        """Whether a request carries the field in a header only."""
        return self.from_header is not None or self.expected_versions
