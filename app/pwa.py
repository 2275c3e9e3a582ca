"""What makes Inlay an app on a phone: the manifest, the service worker, and the page without a server.

All three need no login, and are the same for everybody who reads the same language. Their addresses
are relative to themselves, so that they work under whatever folder a proxy puts us into.
"""

import base64
import hashlib
import json
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import HTTPException
from litestar.params import FromQuery

from app.htmx import page
from app.languages import LANGUAGES
from app.languages.catalogue import FOLDER
from app.languages.choice import wished
from app.languages.say import say
from app.languages.telling import tell_in
from app.resources import folder

PUBLIC = {"public": True, "anonymous": True}
OFFLINE_PARTS = ("base.html", "_kept.html", "offline.html")
"""What the page without a server is made of, beside the catalogues."""
WORKER_PARTS = ("kept.js", "push_worker.js")
"""Scripts that the service worker brings in, in this order."""
NOT_KEPT = ("sw.js", "vendor/htmx.LICENSE", "icons/")
"""What a phone need not have while the server is out of reach."""
ABOUT = say("From a link to a track in your own music library.")
SHORTCUTS = (
    (say("Add a link"), "add"),
    (say("Library"), "library"),
    (say("History"), "history"),
)


def handlers(assets: Any) -> list[Any]:
    """The routes. `assets` are our static files, with their addresses by content."""
    worker, version = _worker(assets)

    @get("/manifest.webmanifest", sync_to_thread=False, opt=PUBLIC)
    def show_manifest(request: Request[Any, Any, Any]) -> Response[bytes]:
        """In the browser's language: nobody is signed in here."""
        language = wished(request.headers.get("accept-language", ""))
        manifest = _manifest(assets, language)
        return Response(
            json.dumps(manifest, separators=(",", ":")).encode(),
            media_type="application/manifest+json",
            headers={"Cache-Control": "no-cache", "Content-Language": language, "Vary": "Accept-Language"},
        )

    @get("/sw.js", sync_to_thread=False, opt=PUBLIC)
    def show_worker() -> Response[bytes]:
        """Beside the pages, not under /static/: a worker's scope is the folder that it comes from."""
        return Response(worker, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    @get("/offline", sync_to_thread=False, opt=PUBLIC)
    def show_offline(request: Request[Any, Any, Any], v: FromQuery[str] = "") -> Response[Any]:
        """The page that a phone keeps, in each language; only the version of the worker that asks for it."""
        if v and v != version:
            raise HTTPException(status_code=404)
        return page("offline.html")

    return [show_manifest, show_worker, show_offline]


def _manifest(assets: Any, language: str) -> dict[str, Any]:
    def icon(name: str, size: int, purpose: str) -> dict[str, str]:
        src = assets.url(f"icons/{name}-{size}.png").removeprefix("/")
        return {"src": src, "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}

    return {
        "name": "Inlay",
        "short_name": "Inlay",
        "description": tell_in(language, ABOUT),
        "lang": language,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#f6f2ea",
        "theme_color": "#f6f2ea",
        "categories": ["music"],
        "icons": [
            *(icon("icon", size, "any") for size in (192, 512)),
            *(icon("maskable", size, "maskable") for size in (192, 512)),
        ],
        "shortcuts": [
            {"name": tell_in(language, name), "url": url, "icons": [icon("icon", 192, "any")]}
            for name, url in SHORTCUTS
        ],
        "share_target": {
            "action": "share",
            "method": "POST",
            "enctype": "application/x-www-form-urlencoded",
            "params": {"title": "title", "text": "text", "url": "url"},
        },
    }


def _worker(assets: Any) -> tuple[bytes, str]:
    """The service worker with the list of what it keeps, and the version of both.

    Each file is listed with the hash of its content, which the browser checks: an update that happens while a
    worker fetches its files makes it fail and begin again, and never leaves it with files of two versions.
    """
    kept = {
        assets.url(name).removeprefix("/"): _integrity(body)
        for name, body in sorted(assets.files.items())
        if not name.startswith(NOT_KEPT)
    }
    parts = [assets.url(name).removeprefix("/") for name in WORKER_PARTS]
    known = json.dumps([kept, parts, [*LANGUAGES]]).encode() + assets.files["sw.js"]
    # Another word on the page without a server is another version, too.
    page = [folder("templates") / name for name in OFFLINE_PARTS] + sorted(FOLDER.glob("*.po"))
    known += b"".join(file.read_bytes() for file in page)
    version = hashlib.blake2s(known, digest_size=6).hexdigest()
    head = (
        f"const VERSION = {json.dumps(version)};\n"
        f"const FILES = {json.dumps(kept, indent=1)};\n"
        f"const LANGUAGES = {json.dumps([*LANGUAGES])};\n"
        f"importScripts({', '.join(json.dumps(part) for part in parts)});\n"
    )
    return head.encode() + assets.files["sw.js"], version


def _integrity(body: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(body).digest()).decode()
