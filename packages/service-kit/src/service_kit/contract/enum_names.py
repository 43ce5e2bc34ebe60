"""Names of enum values outside of proto files, without the prefix that repeats the enum's name."""

import re


def value_prefix(enum_name: str) -> str:
    """Returns the prefix that the protobuf style guide gives an enum's values: "OrderStatus" → "ORDER_STATUS_"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", enum_name).upper() + "_"


def json_name(enum_name: str, value_name: str) -> str:
    """Returns the name of a value in JSON: "OrderStatus", "ORDER_STATUS_DONE" → "done"."""
    return value_name.removeprefix(value_prefix(enum_name)).lower()
