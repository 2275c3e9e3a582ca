"""A small real reverse proxy, as nginx or Caddy stand before Inlay: with or without a sub-path and a name."""

import threading
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"}
FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")


class ReverseProxy:
    """Answers what is under `prefix` with what the program at `port` says, and 404 to everything else.

    `strips`: it takes the prefix off. `identity`: the user whom it has signed in, told in `header`; what the
    client itself says about any of this is overwritten, as a good proxy does.
    """

    def __init__(
        self,
        port: int,
        *,
        prefix: str = "",
        strips: bool = False,
        scheme: str = "http",
        host: str = "",
        header: str = "Remote-User",
    ) -> None:
        self.port, self.prefix, self.strips = port, prefix, strips
        self.scheme, self.host, self.header = scheme, host, header
        self.identity = ""
        self.client = ""
        """The address that it says the client has; by default the real one."""
        self.outside: list[str] = []
        """What was asked for and is not under the prefix."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ReverseProxy":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(proxy: ReverseProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not f"{self.path}/".startswith(f"{proxy.prefix}/"):
                proxy.outside.append(self.path)
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path = self.path.removeprefix(proxy.prefix) or "/" if proxy.strips else self.path
            unwanted = {*HOP_BY_HOP, *FORWARDED, proxy.header.lower()}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in unwanted}
            headers |= {
                # As nginx does unless it is told otherwise.
                "Host": f"127.0.0.1:{proxy.port}",
                "X-Forwarded-For": proxy.client or self.client_address[0],
                "X-Forwarded-Proto": proxy.scheme,
                "X-Forwarded-Host": proxy.host or self.headers["Host"],
            }
            if proxy.identity:
                headers[proxy.header] = proxy.identity
            if body:
                headers["Content-Length"] = str(len(body))
            with closing(HTTPConnection("127.0.0.1", proxy.port, timeout=30)) as inner:
                inner.request(self.command, path, body or None, headers)
                answer = inner.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                if answer.status not in (204, 304):
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = hand_on

    return Handler
