"""The websites around the platform, and their host names in the browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_PAGE = b"<!doctype html><html lang=en><title>A page</title><link rel=icon href=data:,><body></body></html>"


@dataclass(frozen=True, slots=True)
class World:
    """The platform (`api`) and the origins of pages: one on the list (`app`), one that is not, of the same site as both
    (`sibling`), and one of another site (`stranger`).
    """

    api: str
    app: str
    sibling: str
    stranger: str
    cookie_name: str
    tells_fetch_site: bool
    """Whether the browser sends Sec-Fetch-Site, which it does only to trustworthy origins such as *.localhost."""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def page_server() -> Iterator[int]:
    """Yields the port of a server that returns an empty page for every path and host name."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def origin(host: str, port: int | None) -> str:
    return f"http://{host}:{port}"


def app_origin(top: str, port: int) -> str:
    """Returns the allowed origin below this top-level name."""
    return origin(f"app.shop.{top}", port)


def world(top: str, api_url: str, port: int, *, secure: bool) -> World:
    """Returns the origins below a top-level name, `localhost` or `test`."""
    return World(
        api=origin(f"api.shop.{top}", urlsplit(api_url).port),
        app=app_origin(top, port),
        sibling=origin(f"blog.shop.{top}", port),
        stranger=origin(f"stranger.{top}", port),
        cookie_name="__Host-session_key" if secure else "session_key",
        tells_fetch_site=top == "localhost",
    )
