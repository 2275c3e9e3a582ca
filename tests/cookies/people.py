"""People with a browser without scripts and a token, and what they export from another browser."""

import time
from contextlib import closing
from typing import Any

import httpx

from app.accounts import sessions, setup
from app.accounts.model import Scope
from app.db import Database, now
from tests.running import PASSWORD, Inlay

VALUE = "pear-7713-saltmarsh"
"""What may be nowhere but in a cookie's own header."""


def line(
    name: str = "session",
    value: str = VALUE,
    *,
    domain: str = "127.0.0.1",
    secure: bool = False,
    end: int = 0,
) -> str:
    wide = str(domain.startswith(".")).upper()
    return "\t".join((domain, wide, "/", str(secure).upper(), str(end), name, value))


def export(*lines: str) -> bytes:
    return "\n".join(("# Netscape HTTP Cookie File", *lines, "")).encode()


def an_hour_ago() -> int:
    return int(time.time()) - 3600


class Person:
    def __init__(self, inlay: Inlay, name: str) -> None:
        self.inlay = inlay
        with closing(Database(inlay.data / "inlay.db")) as db:
            user = setup.create_user(db, name, PASSWORD, is_admin=False)
            with db.write() as session:
                cookie = sessions.start(session, user.id, "tests", now())
                _, self.token = sessions.create_token(session, user.id, Scope.FULL, "tests")
        self.csrf = sessions.form_token((inlay.data / "secret").read_bytes(), cookie)
        headers = {"Origin": inlay.url, "Cookie": f"{sessions.COOKIE}={cookie}"}
        self.browser = httpx.Client(base_url=inlay.url, timeout=20, headers=headers)
        self.api = inlay.api(self.token)

    def page(self, path: str) -> str:
        answer = self.browser.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **data: str) -> httpx.Response:
        return self.browser.post(path, data={"csrf_token": self.csrf, **data})

    def upload(self, data: bytes, site: str = "") -> httpx.Response:
        form = {"csrf_token": self.csrf, "site": site, "cookies": ""}
        files = {"file": ("cookies.txt", data, "text/plain")}
        return self.browser.post("/settings/cookies", data=form, files=files)

    def paste(self, text: str, site: str = "") -> httpx.Response:
        """As a browser sends a form with an empty file field; it ends lines its own way."""
        fields = {"csrf_token": self.csrf, "site": site, "cookies": text.replace("\n", "\r\n")}
        files: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields.items()]
        files.append(("file", ("", b"", "application/octet-stream")))
        return self.browser.post("/settings/cookies", files=files)

    def kept(self) -> dict[str, dict[str, Any]]:
        return {one["site"]: one for one in self.api.get("/cookies").json()["items"]}

    def fetched(self, link: str) -> dict[str, Any]:
        """The download when it rests."""
        answer = self.api.post("/downloads/url", json={"url": link, "format": "original"})
        assert answer.status_code == 202, answer.text
        return self.rest(answer.json()["id"])

    def rest(self, id: str) -> dict[str, Any]:
        token, self.inlay.token = self.inlay.token, self.token
        try:
            return self.inlay.rest(id)
        finally:
            self.inlay.token = token
