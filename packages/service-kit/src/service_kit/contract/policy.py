"""What methods and fields say about themselves, as headrace/v1/policy.proto spells it."""

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
    """What happens to a method's rate limit while its shared store is away."""

    LOCAL_SHARE = "local_share"
    REFUSE = "refuse"


class SessionEffect(Enum):
    """What a method does to the caller's session."""

    NONE = 0
    ISSUES = 1
    ENDS = 2


class Idempotency(Enum):
    """What google.protobuf.MethodOptions.idempotency_level promises."""

    UNKNOWN = 0
    NO_SIDE_EFFECTS = 1
    IDEMPOTENT = 2


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """The policy of one method. cache_max_age_s is None where nothing may be cached."""

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
    """A field as an HTTP header: its name, and its value with {} where the field's value stands."""

    name: str
    format: str


class TextForm(Enum):
    """The form that a string of a request is put into before its rules are checked."""

    AS_IT_CAME = 0
    NFC = 1
    TRIMMED = 2


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """The policy of one field.

    version: it is the version of its message. expected_versions: it is filled from `If-Match`.
    raw_value_of: the enum field of the same message that it is shown for when it is set; empty: none.
    default_min_len: the least length in characters that the service demands unless it is set otherwise; 0: none.
    text_form: what a string is put into before its rules are checked.
    pattern_message: what is said of a value that breaks the pattern of buf.validate; empty: nothing in particular.
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
        """Whether a request carries the field in a header, and nowhere else."""
        return self.from_header is not None or self.expected_versions
