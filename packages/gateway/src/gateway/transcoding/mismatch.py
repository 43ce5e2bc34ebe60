"""Why a single value cannot become what a protobuf field takes."""


class ValueMismatch(Exception):  # noqa: N818 (the client's error, not the gateway's)
    """The value cannot be one of the field's type. rule: the rule's id; str(): for people."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
