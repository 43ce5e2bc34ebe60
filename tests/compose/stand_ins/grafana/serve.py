"""Answers /api/health, and /api/search with the dashboards in its folder."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if not Path(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"]).read_text():
            raise SystemExit("no password")
        found = [json.loads(path.read_text()) for path in sorted(Path("/etc/grafana/dashboards").glob("*.json"))]
        listing = [{"uid": dashboard["uid"], "title": dashboard["title"]} for dashboard in found]
        body = json.dumps({"/api/health": {"database": "ok"}, "/api/search": listing}[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("", 3000), Handler).serve_forever()
