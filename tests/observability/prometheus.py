"""A client of Prometheus' HTTP API."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server on this port of the loopback interface."""

    port: int

    def ask(self, expression: str) -> list[Any]:
        """Returns the result of an instant query.

        Raises:
            AssertionError: the query failed.
        """
        result: list[Any] = self.get("/api/v1/query?" + urlencode({"query": expression}))["result"]
        return result

    def get(self, path: str) -> dict[str, Any]:
        """Returns the data of a response.

        Raises:
            AssertionError: the response is an error.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", path)
            body = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert body["status"] == "success", body
        data: dict[str, Any] = body["data"]
        return data
