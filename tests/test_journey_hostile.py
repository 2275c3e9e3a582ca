"""Bad pictures and hostile names: neither ever stops a download or leaves the library folder."""

import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import mutagen
import pytest

from tests.journeys import short_track
from tests.media.audio import huge_picture, make, picture
from tests.media.faults import GARBAGE, HTML, HangUp, Redirect, Status, Swap
from tests.media.site import MediaSite
from tests.running import Inlay

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
FORBIDDEN_IN_NAMES = set('<>:"/\\|?*')


@pytest.fixture(scope="module")
def canary() -> Iterator[MediaSite]:
    """A site on an address that Inlay may not reach."""
    with MediaSite("127.0.0.2") as running:
        yield running


def has_cover(inlay: Inlay, done: dict[str, Any]) -> bool:
    with inlay.api() as api:
        found = api.get(f"/library/tracks/{done['tracks'][0]['library_track_id']}").json()
    return bool(found["has_cover"])


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("missing", {"thumbnail_faults": [Status(404)]}),
        ("broken-site", {"thumbnail_faults": [Status(500)]}),
        ("garbage", {"thumbnail": GARBAGE}),
        ("html", {"thumbnail_faults": [Swap(HTML)]}),
        ("svg", {"thumbnail_faults": [Swap(SVG)]}),
        ("empty", {"thumbnail_faults": [Swap(b"")]}),
        ("bomb", {"thumbnail": huge_picture()}),
        ("half", {"thumbnail": picture(1280, 720)[:2_000]}),
        ("hangs-up", {"thumbnail_faults": [HangUp(500)]}),
        ("none", {"thumbnail": None}),
    ],
)
def test_a_bad_thumbnail_costs_the_cover_and_nothing_else(
    name: str, more: dict[str, Any], site: MediaSite, inlay: Inlay
) -> None:
    done = inlay.done(inlay.submit(short_track(site, name, **more), skip_review=True))
    assert done["failure"] is None
    assert not has_cover(inlay, done)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_a_good_thumbnail_of_any_kind_becomes_the_cover(form: Any, site: MediaSite, inlay: Inlay) -> None:
    url = short_track(site, f"good-{form}", thumbnail=picture(640, 360, form))
    assert has_cover(inlay, inlay.done(inlay.submit(url, skip_review=True)))


def test_a_thumbnail_at_a_forbidden_address_is_not_fetched(
    site: MediaSite, canary: MediaSite, inlay: Inlay
) -> None:
    trap = canary.file("trap.jpg", picture(640, 360), "image/jpeg")
    url = short_track(site, "trap", thumbnail_faults=[Redirect(trap)])
    assert not has_cover(inlay, inlay.done(inlay.submit(url, skip_review=True)))
    assert canary.connections == 0


HOSTILE = {
    "long": "Saltmarsh " * 30,
    "long in bytes": "夜の歌" * 100,
    "climbs": "../../x",
    "absolute": "/etc/passwd",
    "backslashes": "..\\..\\windows\\x",
    "dots": "..",
    "hidden": ".bashrc",
    "emoji": "🌊 Wave 👩‍👩‍👧‍👦 🏴‍☠️",
    "right to left": "Salt\u202e3pm.exe\u202c marsh\u2066",
    "reserved": "CON",
    "signs": 'A/C: "Is <this> a|b*c?"',
    "markup": "<script>alert(1)</script>",
    "template": "{title.__class__} {{7*7}} %(ext)s",
    "lines": "One\nTwo\r\n\tThree",
    "controls": "Bell\x07 and \x1b[31mred",
    "unpaired": "Half \ud83d of a pair",
    "decomposed": "Sa\u0301lmur",
    "option": "--help",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_title_becomes_a_harmless_name(name: str, site: MediaSite, inlay: Inlay) -> None:
    url = short_track(site, f"title-{name}", title=HOSTILE[name])
    done = inlay.done(inlay.submit(url, skip_review=True))
    check_name(inlay, done["path"])
    tags = mutagen.File(inlay.library / done["path"]).tags
    assert str(tags["TIT2"]).isprintable() or name == "right to left"
    assert len(str(tags["TIT2"])) <= 300


def check_name(inlay: Inlay, path: str) -> None:
    """Inside the library, visible, and possible on every file system."""
    assert (inlay.library / path).resolve().is_relative_to(inlay.library.resolve())
    assert path in inlay.files()
    parts = PurePosixPath(path).parts
    assert len(parts) in (2, 3)
    for part in parts:
        assert part not in (".", "..")
        assert not part.startswith(".")
        assert not part.endswith((".", " "))
        assert len(part.encode()) <= 255
        assert not FORBIDDEN_IN_NAMES & set(part)
        assert all(unicodedata.category(char) not in ("Cc", "Cs") for char in part)
        assert not any("\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in part)
        assert unicodedata.is_normalized("NFC", part)
    assert PurePosixPath(path).stem.upper() != "CON"


def test_a_track_without_a_title_waits_for_one(site: MediaSite, inlay: Inlay) -> None:
    untitled = make("mp3", 3)
    page = f'<!doctype html><title></title><audio src="{site.url}/media/untitled.mp3"></audio>'
    site.track("untitled", untitled, title="")
    for url in (site.track("untitled", untitled, title=""), site.page("bare", page)):
        id = inlay.submit(url, skip_review=True)
        found = inlay.rest(id)
        if found["state"] == "review":
            assert "title" not in found["proposal"]
            inlay.confirm(id, title="Named at last")
        path = inlay.done(id)["path"]
        check_name(inlay, path)
        assert PurePosixPath(path).stem


@pytest.mark.parametrize(
    "tags",
    [
        {"title": "../../../../tmp/x", "artist": "..", "album": "../.."},
        {"title": "x", "artist": "/", "album_artist": "\\", "album": "."},
        {"title": "夜" * 300, "artist": "あ" * 300, "album": "🌊" * 300, "album_artist": "𝄞" * 300},
        {"title": "\u202e\u202e", "artist": "\u200b", "album": "\u2028"},
        {"title": "NUL.mp3", "artist": "aux", "album": "com1"},
    ],
)
def test_hostile_corrections_stay_inside_the_library(
    tags: dict[str, str], site: MediaSite, inlay: Inlay
) -> None:
    id = inlay.submit(short_track(site, f"typed-{abs(hash(str(tags)))}"))
    inlay.rest(id)
    before = {file for file in inlay.home.rglob("*") if not file.is_relative_to(inlay.library)}
    inlay.confirm(id, **tags)
    check_name(inlay, inlay.done(id)["path"])
    after = {file for file in inlay.home.rglob("*") if not file.is_relative_to(inlay.library)}
    assert after <= before
