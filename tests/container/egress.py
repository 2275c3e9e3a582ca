"""The hardened profile's proxy, running as its image says: what it refuses, and what it lets through.

All of it in a network of its own, where a server of ours has an address of the public web (RFC 5737).
"""

import http.client
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.container.boxed import Boxed
from tests.media.site import MediaSite
from tests.running import wait_for

ADDRESS = "http://127.0.0.1:3128"
PUBLIC = "203.0.113.9"
PRIVATE = (
    *("http://169.254.169.254/", "http://10.0.0.1/", "http://192.168.1.1/", "http://172.20.0.1/"),
    *("http://127.0.0.1/", "http://0.0.0.0/", "http://[::1]/", "http://[::ffff:10.0.0.1]/"),
    *("http://[64:ff9b::a00:1]/", "http://100.64.0.1/", "http://[fd00::1]/"),
)


def refuses(root: Path, config: dict[str, Any]) -> Iterator[str]:
    """Call it in a network namespace of its own: see `with_network`."""
    for command in (["link", "set", "lo", "up"], ["address", "add", f"{PUBLIC}/32", "dev", "lo"]):
        subprocess.run(["ip", *command], check=True)
    with tempfile.TemporaryDirectory(prefix="inlay-egress-") as folder, _web() as hits, MediaSite() as site:
        with Boxed(Path(folder, "home"), root, config) as running, running.log.open("w") as log:
            running.process = subprocess.Popen(
                running.line(), stdout=log, stderr=log, text=True, env=running.outside()
            )
            with httpx.Client(proxy=ADDRESS, timeout=20) as client:
                wait_for(lambda: _listens(client, running), 30)
                site.page("secret", "not for strangers")
                for link in (*PRIVATE, f"{site.url}/secret", f"http://{PUBLIC}:22/"):
                    answer = client.get(link)
                    assert answer.status_code == 403, (link, answer.status_code)
                for link in PRIVATE:
                    assert _tunnel(link) == 403, link
                assert not site.hits
                assert not hits
                yield f"refuses {len(PRIVATE)} private addresses, by GET and by CONNECT, and port 22"
                answer = client.get(f"http://{PUBLIC}/track")
                assert (answer.status_code, answer.text, hits) == (200, "music", ["/track"])
                yield "lets the public web through"
            running.stop()


def with_network(*arguments: str) -> list[str]:
    """How to run a program in a network of its own, with nothing in it."""
    return ["unshare", "--net", *arguments]


@contextmanager
def _web() -> Iterator[list[str]]:
    """A server at a public address, and what was asked of it."""
    hits: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"music")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((PUBLIC, 80), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield hits
        finally:
            server.shutdown()


def _listens(client: httpx.Client, running: Boxed) -> bool:
    assert running.process
    assert running.process.poll() is None, running.log.read_text()[-2000:]
    try:
        return client.get("http://127.0.0.1/").status_code == 403
    except httpx.TransportError:
        return False


def _tunnel(link: str) -> int:
    """What CONNECT to this host's port 443 is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", 3128, timeout=20)
    connection.set_tunnel(f"[{host}]" if ":" in (host := str(urlsplit(link).hostname)) else host, 443)
    try:
        connection.connect()
    except OSError as error:
        found = re.search(r"\b(\d{3})\b", str(error))
        return int(found[1]) if found else 0
    finally:
        connection.close()
    return 200
