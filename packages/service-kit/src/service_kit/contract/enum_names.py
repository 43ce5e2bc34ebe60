"""How enum values are called outside of proto files, where a prefix would only repeat the enum's name."""

import re


def value_prefix(enum_name: str) -> str:
    """The prefix of "OrderStatus" is "ORDER_STATUS_", the one that the style guide gives to an enum's values."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", enum_name).upper() + "_"


def json_name(enum_name: str, value_name: str) -> str:
    """How JSON spells a value: "OrderStatus", "ORDER_STATUS_DONE" → "done"."""
    return value_name.removeprefix(value_prefix(enum_name)).lower()
