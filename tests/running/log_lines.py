"""The logs of a platform whose processes write JSON."""

import json
from typing import Any

from local_stack.data_dir import DataDir

from tests.running.polling import eventually
from tests.running.stacks import Stack

#: The settings for logs in JSON.
AS_JSON = {f"{service}_LOG_FORMAT": "json" for service in ("GATEWAY", "USER_SVC", "ORDER_SVC")}


def lines_of(stack: Stack, process: str, request_id: str) -> list[dict[str, Any]]:
    """Returns the lines that the process has written for that request so far."""
    text = (DataDir(stack.data_dir).logs / f"{process}.log").read_text()
    # The last line may be incomplete.
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if request_id in line and line.endswith("\n")]
    return [line for line in lines if line["request_id"] == request_id]


def written(stack: Stack, process: str, request_id: str) -> list[dict[str, Any]]:
    """Waits for such lines: they are written after the response."""
    return eventually(lambda: lines_of(stack, process, request_id) or None, within_s=10)
