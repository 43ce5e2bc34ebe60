"""Finds the endpoint of a request: a tree of path segments, where a literal goes before a variable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service_kit.contract import ContractError

from gateway.transcoding.endpoint import Endpoint
from gateway.transcoding.path_template import parse_template


@dataclass(frozen=True, slots=True)
class Match:
    """An endpoint, and the text of each variable of its path."""

    endpoint: Endpoint
    path_parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class OtherMethods:
    """The path is served, but not with this method. allow: those that are, as the header `Allow` lists them."""

    allow: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Router:
    """All endpoints, by path and HTTP method. ContractError: two of them are not to be told apart."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Node()
        #: Paths without variables, which are most calls: no walk for them.
        self._fixed: dict[str, _Node] = {}
        for endpoint in endpoints:
            self._add(endpoint)

    def match(self, http_method: str, path: str) -> Match | OtherMethods | None:
        """The endpoint for a decoded path; None: no such path. HEAD is served wherever GET is (RFC 9110, 9.3.2)."""
        values: tuple[str, ...] = ()
        node = self._fixed.get(path)
        if node is None:
            node, values = self._walk(path)
        if node is None:
            return None
        wanted = "GET" if http_method == "HEAD" else http_method
        endpoint = node.endpoints.get(wanted)
        if endpoint is None:
            return OtherMethods(_allow(node.endpoints))
        return Match(endpoint, dict(zip(node.names[wanted], values, strict=True)))

    def _walk(self, path: str) -> tuple["_Node | None", tuple[str, ...]]:
        """Depth first, literals first: /a/me is never taken for /a/{b}, but /a/me/c may be a /a/{b}/c."""
        pending: list[tuple[_Node, int, tuple[str, ...]]] = [(self._root, 0, ())]
        texts = path[1:].split("/")
        while pending:
            node, depth, values = pending.pop()
            if depth == len(texts):
                if node.endpoints:
                    return node, values
                continue
            text = texts[depth]
            if node.variable is not None and text:
                pending.append((node.variable, depth + 1, (*values, text)))
            literal = node.literals.get(text)
            if literal is not None:
                pending.append((literal, depth + 1, values))
        return None, ()

    def _add(self, endpoint: Endpoint) -> None:
        segments = parse_template(endpoint.path)
        node = self._root
        for segment in segments:
            if segment.is_variable:
                node.variable = node = node.variable or _Node()
            else:
                node = node.literals.setdefault(segment.text, _Node())
        if endpoint.http_method in node.endpoints:
            other = node.endpoints[endpoint.http_method].method.full_name
            raise ContractError(f"{endpoint.http_method} {endpoint.path} is bound to {other} already")
        node.endpoints[endpoint.http_method] = endpoint
        node.names[endpoint.http_method] = tuple(segment.text for segment in segments if segment.is_variable)
        if not node.names[endpoint.http_method]:
            self._fixed[endpoint.path] = node


def _allow(endpoints: Mapping[str, Endpoint]) -> tuple[str, ...]:
    methods = set(endpoints)
    if "GET" in methods:
        methods.add("HEAD")
    return tuple(sorted(methods))
