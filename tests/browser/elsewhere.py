"""A page of another site: 127.0.0.2, with a policy that lets its own scripts send nothing anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

POLICY = "default-src 'none'; connect-src 'none'; form-action 'none'; script-src 'unsafe-inline'"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if not self.path.startswith("/hostile"):
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.end_headers()
        self.wfile.write("<!doctype html><title>Möwen & “Meer” live</title><h1>A song</h1>".encode())

    def log_message(self, *_: object) -> None:
        """Not into the tests' output."""


@contextmanager
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.2", 0), _Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.2:{server.server_port}"
        server.shutdown()
