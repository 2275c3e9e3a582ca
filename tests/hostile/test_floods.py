"""Rows 13 and 14: bodies without end, lengths that lie, packed nothing, lists of thousands: all ends."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import manifests
from tests.hostile.world import CHILD_BYTES, MiB, Watch, hand_in, rest_of, taken, watching
from tests.media.audio import make
from tests.media.faults import Endless, GzipBomb, Redirect, Status, WrongLength
from tests.media.pages import document, rss
from tests.media.site import MediaSite
from tests.running import Inlay

MAX_FILE = 2 * MiB
LARGE_PAGE = 300 * MiB


def song(site: MediaSite, name: str, **more: Any) -> str:
    return site.track(name, make("mp3", 3), title=f"Saltmarsh {name}", **more)


def large_page(site: MediaSite, folder: Path) -> str:
    """300 MB of JSON in a page, without a byte of it on the disk."""
    page = folder / "large.html"
    with page.open("wb") as file:
        file.write(document("Large", '<script type="application/ld+json">{"@type": "AudioObject"'))
        file.truncate(LARGE_PAGE)
    return site.file("large.html", page, "text/html")


def packed_page(site: MediaSite) -> str:
    body = gzip.compress(document("Packed", ""))
    body += gzip.compress(b"<p>" + bytes(16 * MiB), 9) * (LARGE_PAGE // (16 * MiB))
    return site.page("packed", body, headers={"Content-Encoding": "gzip"})


def list_of(site: MediaSite, count: int) -> str:
    links = [(f"Track {number}", f"{site.url}/track/{number}") for number in range(count)]
    return site.file(f"{count}.rss", rss("Everything", links), "application/rss+xml")


def list_of_itself(site: MediaSite) -> str:
    """A list of one, which is the list."""
    address = f"{site.url}/file/itself.rss"
    return site.file("itself.rss", rss("Itself", [("Itself", address)]), "application/rss+xml")


def page_in_circles(site: MediaSite) -> str:
    """Two pages that each say that the music is on the other one."""
    for one, other in (("ring", "rang"), ("rang", "ring")):
        refresh = f'<meta http-equiv="refresh" content="0; url={site.url}/page/{other}">'
        site.page(one, document(one, refresh))
    return f"{site.url}/page/ring"


def master_of_itself(site: MediaSite) -> str:
    body = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.m3u8\n"
    return site.file("master.m3u8", body, manifests.HLS)


def list_with_a_hole(site: MediaSite) -> str:
    """Three segments of which the middle one is gone: a track with a hole in it."""
    segments = [
        site.file(f"{n}.mp3", make("mp3", 3), faults=[Status(404)] if n == 2 else []) for n in (1, 2, 3)
    ]
    return site.file("hole.m3u8", manifests.hls_media(*segments), manifests.HLS)


def list_of_millions(site: MediaSite) -> str:
    return site.file("millions.mpd", *manifests.dash_of_millions(f"{site.url}/piece", ""))


@dataclass
class World:
    inlay: Inlay
    found: dict[str, dict[str, Any]]
    ids: dict[str, str]
    watch: Watch
    fine: dict[str, Any]


@pytest.fixture(scope="module")
def world(site: MediaSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("floods")
    settings = {"max_file_bytes": str(MAX_FILE), "workers": "6", "per_site": "6", "retry_delays_s": "0"}
    with Inlay(folder / "inlay", **settings) as inlay:
        inlay.add_user("alice", admin=True)
        inlay.start()
        with watching(inlay, inlay.staging, every_s=0.005) as watch:
            ids = taken(hand_in(inlay, links(site, folder), skip_review=True))
            found = rest_of(inlay, ids)
        fine = inlay.rest(inlay.submit(song(site, "fine")))
        yield World(inlay, found, ids, watch, fine)


def links(site: MediaSite, folder: Path) -> dict[str, str]:
    return {
        "endless media": song(site, "endless", faults=[Endless(20_000_000, after=1)]),
        "endless page": site.page("endless", document("x", ""), faults=[Endless(50_000_000)]),
        "longer than told": song(site, "longer", faults=[WrongLength(-40_000)]),
        "packed media": song(site, "packed", faults=[GzipBomb(200 * MiB)]),
        "packed page": packed_page(site),
        "large page": large_page(site, folder),
        "ten thousand": list_of(site, 10_000),
        "list of itself": list_of_itself(site),
        "page in circles": page_in_circles(site),
        "master of itself": master_of_itself(site),
        "redirect to itself": song(site, "loop", faults=[Redirect(after=1)]),
        "list with a hole": list_with_a_hole(site),
        "list of millions": list_of_millions(site),
    }


WORDS = {
    "endless media": "larger than the limit",
    "packed media": "larger than the limit",
    "packed page": "too large to be read",
    "large page": "larger than the limit",
    "endless page": "larger than the limit",
    "ten thousand": "is a list",
    "list of itself": "is a list",
    "redirect to itself": "in circles",
    "page in circles": "in circles",
}


def test_every_flood_ends_in_a_failure_with_a_sentence(world: World) -> None:
    for name, found in world.found.items():
        assert found["state"] == "failed", name
        assert found["failure"]["message"].endswith("."), name
        assert WORDS.get(name, "") in found["failure"]["message"], (name, found["failure"])


def test_staging_is_removed_but_for_what_a_retry_goes_on_with(world: World) -> None:
    for name, id in world.ids.items():
        if world.found[name]["failure"]["kind"] == "permanent":
            assert not (world.inlay.staging / id).exists(), name


def test_no_file_is_more_than_a_megabyte_over_the_limit(world: World) -> None:
    assert MAX_FILE / 2 < world.watch.folder_bytes <= MAX_FILE + MiB


def test_no_child_takes_more_memory_than_it_may(world: World) -> None:
    assert 0 < world.watch.child_bytes < CHILD_BYTES


def test_an_honest_link_after_all_that_is_fine(world: World) -> None:
    assert world.fine["state"] == "review"
