"""The description of the REST interface, generated from the contract."""

import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import schemathesis

from tests.e2e.api import Api
from tests.e2e.bindings import BINDINGS, ROWS, Style
from tests.e2e.shapes import assert_success


@pytest.fixture(scope="session")
def description(api: Api) -> dict[str, Any]:
    response = api.send("GET", "/openapi.json")
    assert_success(response, 200)
    document: dict[str, Any] = response.json()
    return document


def resolve(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema that a local $ref points at, or the schema itself."""
    while "$ref" in schema:
        found: Any = description
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def operation(description: dict[str, Any], rpc: str, style: Style) -> dict[str, Any]:
    binding = ROWS[rpc][style]
    found: dict[str, Any] = description["paths"][binding.path][binding.verb.lower()]
    return found


def body_schema(description: dict[str, Any], rpc: str, style: Style = Style.SHORT) -> dict[str, Any]:
    content = operation(description, rpc, style)["requestBody"]["content"]
    assert set(content) == {"application/json"}
    return resolve(description, content["application/json"]["schema"])


def test_description_is_valid_openapi_3_1(description: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d+", description["openapi"])
    schemathesis.openapi.from_dict(description).validate()


def test_description_has_exactly_the_routes_of_the_contract(description: dict[str, Any]) -> None:
    described = {
        (verb.upper(), path) for path, item in description["paths"].items() for verb in item if verb != "parameters"
    }
    bindings = {(ROWS[rpc][style].verb, ROWS[rpc][style].path) for rpc, style in BINDINGS}
    assert described - {("GET", "/.well-known/jwks.json")} == bindings


@pytest.mark.parametrize(("rpc", "style"), BINDINGS)
def test_description_of_an_operation_is_complete(description: dict[str, Any], rpc: str, style: Style) -> None:
    described = operation(description, rpc, style)
    assert described["operationId"]
    assert described["summary"]
    row = ROWS[rpc]
    assert str(row.success) in described["responses"]
    assert ("content" in described["responses"][str(row.success)]) == (row.success != 204)
    assert bool(described.get("security", description.get("security"))) == (not row.public)
    in_path = {parameter["name"] for parameter in described.get("parameters", []) if parameter["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", row[style].path))


def test_operation_ids_are_unique(description: dict[str, Any]) -> None:
    names = [operation(description, rpc, style)["operationId"] for rpc, style in BINDINGS]
    assert len(set(names)) == len(names)


def test_request_bodies_hold_no_session_and_no_header_fields(description: dict[str, Any]) -> None:
    assert set(body_schema(description, "CreateOrder")["properties"]) == {"currency", "lines"}
    assert set(body_schema(description, "UpdateOrderStatus")["properties"]) == {"order_id", "status"}
    assert set(body_schema(description, "UpdateOrderStatus", Style.RESOURCE)["properties"]) == {"status"}
    login = operation(description, "Login", Style.SHORT)["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(resolve(description, login)["properties"]) == {"user", "access_token", "token_type", "expires_in"}


def test_description_states_the_limits(description: dict[str, Any]) -> None:
    body = body_schema(description, "Register")
    assert set(body["required"]) == {"email", "name", "password"}
    name = resolve(description, body["properties"]["name"])
    assert (name["type"], name["minLength"], name["maxLength"]) == ("string", 2, 50)
    lines = resolve(description, body_schema(description, "CreateOrder")["properties"]["lines"])
    assert (lines["minItems"], lines["maxItems"]) == (1, 100)
    quantity = resolve(description, resolve(description, lines["items"])["properties"]["quantity"])
    assert (quantity["type"], quantity["minimum"], quantity["maximum"]) == ("integer", 1, 10_000)


def test_description_states_the_headers(description: dict[str, Any]) -> None:
    parameters = operation(description, "CreateOrder", Style.SHORT)["parameters"]
    assert ("header", "Idempotency-Key") in {(parameter["in"], parameter["name"]) for parameter in parameters}
    parameters = operation(description, "UpdateOrderStatus", Style.SHORT)["parameters"]
    assert ("header", "If-Match") in {(parameter["in"], parameter["name"]) for parameter in parameters}
    created = operation(description, "CreateOrder", Style.SHORT)["responses"]["201"]["headers"]
    assert "Location" in created


def test_status_values_are_spelt_as_in_responses(description: dict[str, Any]) -> None:
    assert json.dumps(description).count("ORDER_STATUS_") == 0
    status = resolve(description, body_schema(description, "UpdateOrderStatus")["properties"]["status"])
    assert set(status["enum"]) == {"processing", "done", "cancelled"}


class Assets(HTMLParser):
    """Collects the resources that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"script": "src", "link": "href", "img": "src", "iframe": "src"}
        self.addresses += [value for name, value in attrs if value and name == names.get(tag)]


@pytest.mark.parametrize(("rpc", "status"), [("Register", 201), ("Login", 200)])
def test_examples_in_the_document_are_accepted(api: Api, description: dict[str, Any], rpc: str, status: int) -> None:
    body = {
        name: resolve(description, schema)["examples"][0]
        for name, schema in body_schema(description, rpc)["properties"].items()
    }
    response = api.call(rpc, fields=body)
    assert response.status_code in {status, 409}, response.text  # the account may be there from a test before
    if response.status_code == 409:
        assert response.json()["code"] == "EMAIL_TAKEN"


def test_interactive_page_loads_everything_from_the_gateway(api: Api) -> None:
    response = api.send("GET", "/docs")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    page = Assets()
    page.feed(response.text)
    assert page.addresses
    for address in page.addresses:
        absolute = urljoin(api.url + "/docs", address)
        if not absolute.startswith("data:"):
            assert urlsplit(absolute).netloc == urlsplit(api.url).netloc
            assert api.send("GET", urlsplit(absolute).path).status_code == 200
