"""People who hand in cookies, and what they export from another browser."""

import time
from typing import Any

import httpx

from tests import people

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


class Person(people.Person):
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

    def fetched(self, link: str, **more: Any) -> dict[str, Any]:
        """As it came: nothing is converted for these."""
        return super().fetched(link, format="original", **more)
