"""Lyrics of LRCLIB for a track that is in the library already."""

from collections.abc import Iterator

import httpx
import pytest

from app.tags.containers import read
from tests.lookups.fakes import Fakes, words
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    with Fakes() as running:
        yield running


@pytest.fixture(scope="module")
def inlay(fakes: Fakes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    given = {"lookups": "lrclib", "contact": "me@example.org", **fakes.settings}
    with Inlay(tmp_path_factory.mktemp("words"), **given) as running:
        running.add_user("alice", admin=True)
        yield running.start(seconds=120)


@pytest.fixture
def pages(inlay: Inlay) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {inlay.token}"}
    with httpx.Client(base_url=inlay.url, headers=headers, timeout=60) as client:
        yield client


def added(inlay: Inlay, site: MediaSite, title: str) -> tuple[str, str]:
    link = site.track(title.lower(), make("mp3", 8), title=title, artist="Jane Roe")
    done = inlay.done(inlay.submit(link, skip_review=True))
    return f"/library/tracks/{done['tracks'][0]['library_track_id']}", done["path"]


def test_lyrics_come_into_the_file_and_can_be_taken_out(
    inlay: Inlay, site: MediaSite, fakes: Fakes, pages: httpx.Client
) -> None:
    track, path = added(inlay, site, "Harbour")
    before = read(inlay.library / path)
    fakes.found_words = [words(duration=8.0)]
    assert "Find its lyrics" in pages.get(f"{track}/edit").text
    first = pages.post(f"{track}/lyrics", headers=HTMX)
    assert "is being asked" in first.text
    assert f'hx-post="{track}/lyrics?turn=1"' in first.text
    written = wait_for(
        lambda: "in the file now" in (a := pages.post(f"{track}/lyrics?turn=1", headers=HTMX)).text and a, 20
    )
    assert "hx-post" not in written.text
    found = read(inlay.library / path)
    assert found.tags.lyrics.startswith("Boats at night")
    assert found.tags.lyrics_synced.startswith("[00:12.34]")
    assert (found.tags.title, found.has_cover) == (before.tags.title, before.has_cover)
    # What is there stays; without JavaScript it is a page.
    page = pages.post(f"{track}/lyrics").text
    assert "<html" in page
    assert "Its words are in the file." in page
    assert "Edited: Lyrics" in pages.get("/history").text


def test_unknown_words_are_said_and_nothing_is_asked_for_ever(
    inlay: Inlay, site: MediaSite, fakes: Fakes, pages: httpx.Client
) -> None:
    track, path = added(inlay, site, "Unsung")
    fakes.found_words = []
    before = (inlay.library / path).read_bytes()
    pages.post(f"{track}/lyrics", headers=HTMX)
    wait_for(lambda: "does not know" in pages.post(f"{track}/lyrics?turn=1", headers=HTMX).text, 20)
    assert (inlay.library / path).read_bytes() == before
    other, _ = added(inlay, site, "Unasked")
    assert "did not answer" in pages.post(f"{other}/lyrics?turn=15", headers=HTMX).text
    assert pages.post(f"{other}/lyrics?turn=16").status_code == 422
