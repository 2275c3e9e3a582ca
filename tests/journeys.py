"""What tests of the whole journey share: a short track, and how errors look."""

from typing import Any

import httpx

from tests.media.audio import make
from tests.media.site import MediaSite


def short_track(site: MediaSite, name: str, **more: Any) -> str:
    """The link to three seconds of MP3: kept as it is, so nothing has to be converted."""
    told = {"title": f"Saltmarsh {name}", "artist": "Ida Holm", "upload_date": "2023-04-05"}
    return site.track(name, make("mp3", 3), **{**told, **more})


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an API answer must be."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (
        {"status", "title", "detail", "code"} <= set(told) <= {"status", "title", "detail", "code", "fields"}
    )
    assert (told["status"], told["code"]) == (status, code), told
    assert told["title"]
    assert told["detail"].endswith((".", "?")), "a problem is told in whole sentences"
    return told
