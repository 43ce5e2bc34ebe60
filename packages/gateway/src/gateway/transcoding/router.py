"""Finds the endpoint of a request by path and HTTP method: of the paths that match, the most specific is taken.

A method that the most specific path does not have falls back to the next one: a literal `PATCH /users/me` beside
`GET /users/{user_id}` takes PATCH of `me` and nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from service_kit.contract import ContractError

from gateway.transcoding.endpoint import Endpoint
from gateway.transcoding.path_segments import split_path
from gateway.transcoding.path_template import Segment, parse_template


@dataclass(frozen=True, slots=True)
class Match:
    """An endpoint, and the text of each variable of its path."""

    endpoint: Endpoint
    path_parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class OtherMethods:
    """The path is served, but not with this method. allow: those that are, as the header `Allow` lists them."""

    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Route:
    endpoint: Endpoint
    segments: tuple[Segment, ...]
    names: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    routes: dict[str, _Route] = field(default_factory=dict)


class Router:
    """All endpoints: a tree of path segments. ContractError: a request could mean two of them."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Node()
        #: Paths without variables, which are most calls: no walk for them.
        self._fixed: dict[bytes, _Node] = {}
        routes: list[_Route] = []
        for endpoint in endpoints:
            route = _route(endpoint)
            for other in routes:
                _refuse_ambiguity(route, other)
            routes.append(route)
            self._add(route)
        #: Those that any path takes, as the header `Allow` lists them; the gateway's own pages take GET.
        self.http_methods = _allow({"GET", *(route.endpoint.http_method for route in routes)})

    def match(self, http_method: str, raw_path: bytes) -> Match | OtherMethods | None:
        """Returns what serves a request; None: there is nothing at this path.

        Args:
            http_method: in upper case; HEAD is served wherever GET is.
            raw_path: the path as the client sent it, not decoded, without the query.

        Raises:
            PathError: see split_path.
        """
        wanted = "GET" if http_method == "HEAD" else http_method
        fixed = self._fixed.get(raw_path)
        if fixed is not None and (route := fixed.routes.get(wanted)) is not None:
            return Match(route.endpoint, {})
        texts = split_path(raw_path)
        if texts is None:
            return None
        methods: set[str] = set()
        for node, values in self._walk(texts):
            if (route := node.routes.get(wanted)) is not None:
                return Match(route.endpoint, dict(zip(route.names, values, strict=True)))
            methods |= node.routes.keys()
        return OtherMethods(_allow(methods)) if methods else None

    def _walk(self, texts: Sequence[str]) -> Iterator[tuple[_Node, tuple[str, ...]]]:
        """Yields the ends that ``texts`` leads to, literals first. Each node is visited at most once."""
        pending: list[tuple[_Node, int, tuple[str, ...]]] = [(self._root, 0, ())]
        while pending:
            node, depth, values = pending.pop()
            if depth == len(texts):
                yield node, values
                continue
            text = texts[depth]
            if node.variable is not None and text:
                pending.append((node.variable, depth + 1, (*values, text)))
            literal = node.literals.get(text)
            if literal is not None:
                pending.append((literal, depth + 1, values))

    def _add(self, route: _Route) -> None:
        node = self._root
        for segment in route.segments:
            if segment.is_variable:
                node.variable = node = node.variable or _Node()
            else:
                node = node.literals.setdefault(segment.text, _Node())
        node.routes[route.endpoint.http_method] = route
        if not route.names:
            self._fixed[route.endpoint.path.encode()] = node


def _route(endpoint: Endpoint) -> _Route:
    segments = parse_template(endpoint.path)
    names = tuple(segment.text for segment in segments if segment.is_variable)
    if len(set(names)) != len(names):
        raise ContractError(f"{endpoint.method.location}: {endpoint.path} has a variable twice")
    return _Route(endpoint, segments, names)


def _refuse_ambiguity(route: _Route, other: _Route) -> None:
    """Raises ContractError where some request would match both, and neither is the more specific one."""
    if route.endpoint.http_method != other.endpoint.http_method or len(route.segments) != len(other.segments):
        return
    is_literal_here = is_literal_there = False
    for here, there in zip(route.segments, other.segments, strict=True):
        if here.is_variable != there.is_variable:
            is_literal_here |= there.is_variable
            is_literal_there |= here.is_variable
        elif not here.is_variable and here.text != there.text:
            return  # no path matches both
    if is_literal_here == is_literal_there:
        raise ContractError(
            f"{route.endpoint.method.location}: {route.endpoint.http_method} {route.endpoint.path} takes requests "
            f"that {other.endpoint.path} of {other.endpoint.method.full_name} takes as well, and is not more specific"
        )


def _allow(methods: set[str]) -> tuple[str, ...]:
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))
