"""Hypothesis strategies for what the schemas of the document allow, and for what is close to it."""

import re
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
Strategy = st.SearchStrategy[Any]

_ANYTHING = st.sampled_from([None, True, 0, -1, 1.0, 2**53, "", "x", "done", "\0", [], {}, [None], {"x": 1}])


def allowed(components: dict[str, Schema], schema: Schema) -> Strategy:
    """Values that ``schema`` allows. components: by name, to which it may refer."""
    if "$ref" in schema:
        return allowed(components, components[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of([allowed(components, each) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(components, schema, kind) for kind in kinds])


def nearly_allowed(components: dict[str, Schema], schema: Schema) -> Strategy:
    """Objects with members left out, replaced or added: some are allowed, most are not."""
    names = sorted(schema["properties"])

    def changed(parts: tuple[dict[str, Any], list[str], dict[str, Any]]) -> dict[str, Any]:
        value, left_out, replaced = parts
        return {name: member for name, member in {**value, **replaced}.items() if name not in left_out}

    replaced = st.dictionaries(st.sampled_from([*names, "unknown"]), _ANYTHING, max_size=2)
    return st.tuples(allowed(components, schema), st.lists(st.sampled_from(names), max_size=1), replaced).map(changed)


def _of_kind(components: dict[str, Schema], schema: Schema, kind: str) -> Strategy:
    if kind == "object":
        required = schema.get("required", ())
        members = {name: allowed(components, each) for name, each in schema["properties"].items()}
        return st.fixed_dictionaries(
            {name: member for name, member in members.items() if name in required},
            optional={name: member for name, member in members.items() if name not in required},
        )
    if kind == "array":
        most = min(schema.get("maxItems", 3), 3)
        return st.lists(allowed(components, schema["items"]), min_size=schema.get("minItems", 0), max_size=most)
    if kind == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if kind == "string":
        return _text(schema)
    return st.booleans() if kind == "boolean" else st.none()


def _text(schema: Schema) -> Strategy:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 200)
    pattern = schema.get("pattern")
    if pattern is None or "u0000" in pattern:
        text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=least, max_size=most)
        return text.filter(lambda each: pattern is None or re.search(pattern, each) is not None)
    return st.from_regex(pattern.removesuffix("$") + r"\Z").filter(lambda text: least <= len(text) <= most)
