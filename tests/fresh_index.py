"""A package index of our own, with wheels made of the yt-dlp that is installed here, under other versions."""

import base64
import hashlib
import io
import json
import ssl
import threading
import time
import zipfile
from collections.abc import Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

JSON = "application/vnd.pypi.simple.v1+json"


@cache
def files_of(package: str) -> dict[str, bytes]:
    """What the installed package consists of, by its name in a wheel."""
    found = distribution(package)
    return {
        str(one): Path(str(found.locate_file(one))).read_bytes()
        for one in found.files or ()
        if one.parts[0] != ".." and one.suffix != ".pyc"
    }


def wheel(version: str, changes: Mapping[str, bytes | None] | None = None, package: str = "yt-dlp") -> bytes:
    """The installed package as this version; `changes` by name in the wheel, None takes the file away."""
    import_name = package.replace("-", "_")
    old = distribution(package).version
    files: dict[str, bytes | None] = {
        name.replace(f"{import_name}-{old}", f"{import_name}-{version}"): body
        for name, body in files_of(package).items()
    }
    if package == "yt-dlp":
        about = f"yt_dlp-{version}.dist-info/METADATA"
        for name in ("yt_dlp/version.py", about):
            body = files[name]
            assert body
            files[name] = body.replace(old.encode(), version.partition(".dev")[0].encode())
    files |= changes or {}
    record = next(name for name in files if name.endswith("/RECORD"))
    files[record] = "".join(_row(name, body) for name, body in files.items() if body is not None).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(name, content)
    return made.getvalue()


def _row(name: str, body: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
    return f"{name},,\n" if name.endswith("/RECORD") else f"{name},sha256={digest},{len(body)}\n"


class FreshIndex:
    """Serves the JSON form of the simple API on loopback, and the files that it names."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, list[dict[str, Any]]] = {"yt-dlp": [], "yt-dlp-ejs": []}
        self.bodies: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.drip_s = 0.0
        """Between pieces of a file: time to kill somebody who waits for it."""
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                kind, body = index._answer(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                for start in range(0, len(body or b""), 2**20):
                    time.sleep(index.drip_s if "/files/" in self.path else 0)
                    self.wfile.write((body or b"")[start : start + 2**20])

            def log_message(self, *_: object) -> None: ...

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None: ...

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_address[1]}/simple"
        ejs = distribution("yt-dlp-ejs").version
        self.add(ejs, wheel(ejs, package="yt-dlp-ejs"), package="yt-dlp-ejs")

    def __enter__(self) -> "FreshIndex":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, version: str, body: bytes, *, package: str = "yt-dlp", **more: Any) -> None:
        """Offer this wheel; `more` is what the index says about it besides, or instead."""
        name = f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        self.bodies[name] = body
        self.withdraw(version, package)
        self.pages[package].append(
            {
                "filename": name,
                "url": f"/files/{name}",
                "hashes": {"sha256": hashlib.sha256(body).hexdigest()},
                "requires-python": ">=3.11",
                "size": len(body),
                "yanked": False,
                **more,
            }
        )

    def withdraw(self, version: str, package: str = "yt-dlp") -> None:
        name = f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        self.pages[package] = [one for one in self.pages[package] if one["filename"] != name]

    def yank(self, version: str) -> None:
        for one in self.pages["yt-dlp"]:
            if f"-{version}-" in one["filename"]:
                one["yanked"] = "broken"

    def _answer(self, path: str) -> tuple[str, bytes | None]:
        for name, files in self.pages.items():
            if path == f"/simple/{name}/":
                page = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
                return JSON, json.dumps(page).encode()
        return "application/octet-stream", self.bodies.get(path.removeprefix("/files/"))
