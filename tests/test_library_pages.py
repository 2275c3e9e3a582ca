"""Artists, releases, one track, its file to keep, and the small covers."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from app.audio.model import Quality
from app.library import covers
from app.library.index import scan
from app.tags import containers
from app.tags.model import Tags
from tests.library_web import HTMX, Web, add_rows, serving
from tests.media.audio import picture

EVIL = "<img src=x onerror=alert(1)>\"'&"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;&amp;"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with serving(tmp_path) as served:
        yield served


def links(web: Web, path: str, kind: str) -> list[str]:
    found = re.findall(rf'href="(/library/{kind}\?[^"]*)"', web.get(path).text)
    return [one.replace("&amp;", "&") for one in dict.fromkeys(found)]


def test_artists_are_one_whatever_their_spelling_and_lead_to_what_they_made(web: Web) -> None:
    add_rows(
        web.world,
        "One",
        "Two",
        artist="The Saltmarsh",
        album="First",
        album_artist="The Saltmarsh",
        year=1999,
    )
    add_rows(
        web.world,
        "Three",
        artist="SALTMARSH feat. Ida",
        album="Second",
        album_artist="The Saltmarsh",
        year=2004,
    )
    add_rows(web.world, "Guest", artist="Ida", album="Compiled", album_artist="Various Artists")
    assert web.titles("/library?view=artists") == ["Ida", "The Saltmarsh"]
    assert "3 tracks" in web.get("/library?view=artists").text
    _, saltmarsh = links(web, "/library?view=artists", "artist")
    page = web.get(saltmarsh).text
    assert '<h1 dir="auto">The Saltmarsh</h1>' in page
    # The newest release first, then all tracks by name.
    assert re.findall(r'class="name"[^>]*>(.*?)</', page) == ["Second", "First", "One", "Three", "Two"]
    assert web.get("/library/artist?key=various%20artists").text.count("Guest") > 0
    assert web.get("/library/artist?key=nobody").status_code == 404
    assert web.get("/library/artist?key=").status_code == 404


def test_a_search_among_artists_and_releases_means_their_names(web: Web) -> None:
    add_rows(web.world, "Harbour", artist="Saltmarsh", album="Tin Roof")
    add_rows(web.world, "Saltmarsh Song", artist="Ida", album="Harbour Days")
    assert web.titles("/library?view=artists&q=saltm") == ["Saltmarsh"]
    assert web.titles("/library?view=artists&q=saltmrsh") == ["Saltmarsh"]
    assert web.titles("/library?view=artists&q=harbour") == []
    assert web.titles("/library?view=releases&q=harbour") == ["Harbour Days"]
    assert web.titles("/library?view=releases&q=saltmarsh+roof") == ["Tin Roof"]


def test_release_runs_by_disc_and_number(web: Web) -> None:
    common = {"artist": "Saltmarsh", "album": "Both - EP", "album_artist": "Saltmarsh"}
    for title, disc, number in (("D", 2, 1), ("B", None, 2), ("C", 1, 10), ("A", 1, 1), ("E", 2, None)):
        add_rows(web.world, title, disc_no=disc, track_no=number, **common)
    add_rows(web.world, "Other", artist="Ida", album="Both", album_artist="Ida")
    assert web.titles("/library?view=releases") == ["Both", "Both - EP"]
    [_, release] = links(web, "/library?view=releases", "release")
    page = web.get(release).text
    assert re.findall(r'class="name"[^>]*>(.*?)</', page) == ["A", "B", "C", "D", "E"]
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["Disc 1", "Disc 2"]
    assert web.get("/library/release?key=both&by=nobody").status_code == 404


@pytest.mark.parametrize("view", ["artists", "releases"])
def test_artists_and_releases_are_paged_without_gaps(web: Web, view: str) -> None:
    for number in range(60):
        add_rows(
            web.world,
            "a",
            "b",
            artist=f"Artist {number:02}",
            album="Same" if number % 2 else f"R {number:02}",
        )
    seen, path = [], f"/library?view={view}"
    while path:
        page = web.get(path).text
        seen += re.findall(r'href="(/library/(?:artist|release)\?[^"]*)"', page)
        more = re.search(r'href="([^"]*)" rel="next"', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert len(seen) == len(set(seen)) == 60


def test_track_page_says_all_that_is_known(web: Web) -> None:
    file = web.world.add("Ida/First/01 a.flac", kind="flac")
    tags = Tags(
        title="Lighthouse", artist="Ida", album="First", date="2001-02-03", genre="Folk", track_no=1,
        comment="from a friend", lyrics="la\nla", source_url="https://www.music.example/1", source_id="x:1",
    )  # fmt: skip
    containers.write(file, tags, None)
    os.utime(file, (time.time() - 60,) * 2)
    scan(web.world.db, web.world.library)
    [track] = web.world.tracks().values()
    page = web.get(f"/library/tracks/{track.id}").text
    for said in ("Lighthouse", "2001-02-03", "Folk", "FLAC 16/44.1", "Ida/First/01 a.flac", "music.example"):
        assert said in page, said
    assert '<div class="actions">' in page
    assert "from a friend" not in page
    assert f'hx-get="/library/tracks/{track.id}/tags"' in page
    fragment = web.client.get(f"/library/tracks/{track.id}/tags", headers=HTMX).text
    assert fragment.strip().startswith('<div id="more-tags"')
    assert "from a friend" in fragment
    assert "la\nla" in fragment
    whole = web.get(f"/library/tracks/{track.id}/tags").text
    assert fragment.strip() in whole
    assert "<title>" in whole
    assert web.get("/library/tracks/nobody").status_code == 404


def test_track_page_says_who_added_it_and_what_the_source_sent(web: Web) -> None:
    opus = Quality(codec="opus", container="opus", lossless=False, bitrate_bps=130_000)
    flac = Quality(codec="flac", container="flac", lossless=True, bit_depth=16, sample_rate_hz=48000)
    [id] = add_rows(web.world, "One", user_id=2, quality=flac, source_quality=opus)
    page = web.get(f"/library/tracks/{id}").text
    assert re.search(r"Added</dt>.* by bob</dd>", page)
    assert "FLAC from Opus 130" in page


def test_file_is_downloaded_under_its_own_name(web: Web) -> None:
    content = web.world.add('Ida/Sö "x".mp3').read_bytes()
    scan(web.world.db, web.world.library)
    [track] = web.world.tracks().values()
    [link] = re.findall(r'id="keep"[^>]* href="([^"]*)"', web.get(f"/library/tracks/{track.id}").text)
    answer = web.get(link)
    assert answer.content == content
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''S%C3%B6%20%22x%22.mp3"
    assert web.get(link, Range="bytes=0-3").status_code == 206


def test_hostile_names_are_text_on_every_page(web: Web) -> None:
    [id] = add_rows(
        web.world, EVIL, artist=EVIL, album=EVIL, genre=EVIL, error=EVIL, source_url="javascript:alert(1)"
    )
    [artist] = links(web, "/library?view=artists", "artist")
    [release] = links(web, "/library?view=releases", "release")
    lists = ("/library", "/library?view=artists", "/library?view=releases", "/library?view=tracks")
    one = (artist, release, f"/library/tracks/{id}", f"/library/tracks/{id}/tags", "/library?q=img+onerror")
    for path in (*lists, *one):
        page = web.get(path).text
        assert ESCAPED in page, path
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page
    page = web.get(
        "/library",
    ).text
    asked = web.get('/library?q="><script>x&site="><b>&view="><i>&before="><u>').text
    assert not re.search(r"<script>x|\"><[bui]>", asked)


def test_number_of_statements_does_not_grow_with_groups(web: Web) -> None:
    statements: list[str] = []
    event.listen(web.world.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    paths = ("/library?view=artists&q=a", "/library?view=releases", "/library/artist?key=a 0")
    used = []
    for start, number in ((0, 1), (1, 30)):
        for one in range(start, start + number):
            add_rows(
                web.world, f"T {one}", f"U {one}", artist=f"A {one}", album=f"B {one}", album_artist="A 0"
            )
        for path in paths:
            web.get(path)
            statements.clear()
            web.get(path)
            used.append(len(statements))
    assert used[: len(paths)] == used[len(paths) :]


def test_small_covers_are_renewed_with_the_file_and_never_more_than_there_is_room_for(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covers, "FOLDERS_BY", 0)
    monkeypatch.setattr(covers, "MOST_IN_FOLDER", 2)
    made = []
    for number, name in enumerate(("a", "b", "c")):
        file = web.world.add(f"{name}.mp3")
        containers.write(file, Tags(title=name), picture(300 + number, 300))
        os.utime(file, (time.time() - 60 - number,) * 2)
    scan(web.world.db, web.world.library)
    folder = web.world.data / "cache" / "covers"
    for track in web.world.tracks().values():
        answer = web.get(f"/library/tracks/{track.id}/cover?v={track.mtime_ns:x}")
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert (
            web.get(f"/library/tracks/{track.id}/cover?v=other").headers["cache-control"]
            == "private, no-cache"
        )
        made.append(track.id)
        for kept in folder.rglob(f"{track.id}*"):
            os.utime(kept, (time.time() - 1000 + len(made),) * 2)
    assert {file.name[:36] for file in folder.rglob("*.jpg")} == set(made[1:])
    last = web.world.tracks()["c.mp3"]
    file = web.world.library / "c.mp3"
    containers.write(file, Tags(title="c"), picture(310, 300))
    os.utime(file, (time.time() - 30,) * 2)
    scan(web.world.db, web.world.library)
    assert web.get(f"/library/tracks/{last.id}/cover").status_code == 200
    assert len(list(folder.rglob(f"{last.id}-*"))) == 1
