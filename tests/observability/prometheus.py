"""What a Prometheus that runs has to say."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that runs on this port."""

    port: int

    def ask(self, expression: str) -> list[Any]:
        """The result of an instant query. AssertionError: it is none."""
        result: list[Any] = self.get("/api/v1/query?" + urlencode({"query": expression}))["result"]
        return result

    def get(self, path: str) -> dict[str, Any]:
        """The data of its answer. AssertionError: it is an error."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", path)
            told = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert told["status"] == "success", told
        data: dict[str, Any] = told["data"]
        return data
