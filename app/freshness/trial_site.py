"""A page with a sound on this machine, for as long as a new yt-dlp is tried out on it."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TITLE = "Saltmarsh trial"
PAGE = f"""<!doctype html><html><head><title>{TITLE}</title></head>
<body><audio controls src="/sound.wav"></audio></body></html>""".encode()
# One second of silence: 8 kHz, 8 bits.
SOUND = (
    b"RIFF" + (36 + 8000).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    + b"\x01\x00\x01\x00" + (8000).to_bytes(4, "little") * 2 + b"\x01\x00\x08\x00"
    + b"data" + (8000).to_bytes(4, "little") + b"\x80" * 8000
)  # fmt: skip


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, body = {
            "/track": ("text/html; charset=utf-8", PAGE),
            "/sound.wav": ("audio/wav", SOUND),
        }.get(self.path, ("text/plain", b"nothing"))
        self.send_response(404 if body == b"nothing" else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def trial_site() -> Iterator[int]:
    """The port of a page with a sound on this machine, for as long as the trial lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="trial", daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
