import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from app.audio.model import Quality
from app.library.index import scan
from app.library.model import Track
from app.tags import containers
from app.tags.model import Tags
from tests.library_web import HTMX, Web, add_rows, serving
from tests.library_world import grow_old
from tests.media.audio import make, picture


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with serving(tmp_path) as served:
        yield served


def scanned(web: Web) -> Track:
    scan(web.world.db, web.world.library)
    [track] = web.world.tracks().values()
    return track


def test_page_lists_tracks_newest_first_with_what_they_are(web: Web) -> None:
    web.world.add("a.mp3", title="<b>First</b>", artist="The A", album="One")
    scan(web.world.db, web.world.library)
    web.world.add("b.flac", kind="flac", title="Second")
    scan(web.world.db, web.world.library)
    page = web.get("/library")
    assert page.status_code == 200
    assert page.text.index("Second") < page.text.index("&lt;b&gt;First&lt;/b&gt;")
    assert "The A · One" in page.text
    assert "0:01 · FLAC 16/44.1" in page.text
    assert "2 tracks" in page.text
    assert '<form id="find"' in page.text
    assert re.findall(r'class="thumb num" aria-hidden="true">(.*?)<', page.text) == ["", ""]


def test_search_answers_the_fragment_to_htmx_and_the_page_without(web: Web) -> None:
    add_rows(web.world, "sigur ros", "100% other")
    fragment = web.client.get("/library?q=ROS", headers=HTMX).text
    assert fragment.strip().startswith('<section id="tracks"')
    assert "<html" not in fragment
    page = web.get("/library?q=ROS").text
    assert 'value="ROS"' in page
    assert fragment.strip() in page
    assert web.titles("/library?q=Ros+Sigúr") == ["sigur ros"]
    assert web.titles("/library?q=100%25") == ["100% other"]
    assert web.titles("/library?q=%25") == []
    assert web.titles("/library?q=s%25g") == []
    assert "Nothing matches." in web.get("/library?q=nothing").text


def test_search_finds_through_accents_and_all_of_title_artist_album(web: Web) -> None:
    web.world.add("x.mp3", title="Sæglópur", artist="Sigur Rós", album="Takk…")
    scan(web.world.db, web.world.library)
    for q in ("ros takk", "RÓS", "glo sigur"):
        assert web.titles(f"/library?q={q}") == ["Sæglópur"]
    assert web.titles("/library?q=ros+nobody") == []


def test_older_link_leads_through_everything_once(web: Web) -> None:
    names = [f"t{number:03}" for number in range(120)]
    add_rows(web.world, *names)
    seen, path = [], "/library?q=t"
    while path:
        seen += web.titles(path)
        more = re.search(r'href="(/library\?[^"]*before[^"]*)"', web.get(path).text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen == names[::-1]


def test_empty_library_says_what_to_do(web: Web) -> None:
    assert "The library is empty." in web.get("/library").text


def test_page_tells_how_far_the_reading_is_and_stops_asking_at_its_end(web: Web) -> None:
    assert 'id="scanning"' not in web.get("/library").text
    board = web.services.scanning
    with board.told(from_nothing=True):
        page = web.get("/library").text
        assert "Looking through your music folder" in page
        assert "The library is empty." not in page
        assert '<meta http-equiv="refresh"' in page
        board.at(1200, 5000)
        page = web.get("/library").text
        assert "Reading your music: 1,200 of 5,000 files" in page
        [poll] = re.findall(r'hx-get="(/library/scanning[^"]*)"', page)
        assert web.client.get(poll, headers=HTMX).status_code == 204
        board.at(1201, 5000)
        fragment = web.client.get(poll, headers=HTMX).text
        assert fragment.startswith('<div id="scanning"')
        assert "1,201 of 5,000" in fragment
        [poll] = re.findall(r'hx-get="(/library/scanning[^"]*)"', fragment)
    ended = web.client.get(poll, headers=HTMX).text
    assert "Your music is read." in ended
    assert "hx-get" not in ended
    assert 'id="scanning"' not in web.get("/library").text
    assert web.client.get(poll, follow_redirects=False).headers["location"] == "/library"


def test_unreadable_and_upscaled_files_say_so(web: Web) -> None:
    flac = Quality(codec="flac", container="flac", lossless=True, bit_depth=16, sample_rate_hz=48000)
    opus = Quality(codec="opus", container="opus", lossless=False, bitrate_bps=130_000)
    add_rows(web.world, "upscaled", quality=flac, source_quality=opus)
    add_rows(web.world, "broken", error="The tags of this file cannot be read.")
    page = web.get("/library").text
    assert "FLAC from Opus 130" in page
    assert "The tags of this file cannot be read." in page


def test_number_of_statements_does_not_grow_with_rows(web: Web) -> None:
    statements: list[str] = []
    event.listen(web.world.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    used = []
    for number in (1, 49):
        add_rows(web.world, *(f"{number} {one}" for one in range(number)))
        for path in ("/library?q=1", "/api/v1/library/tracks"):
            web.get(path)
            statements.clear()
            web.get(path)
            used.append(len(statements))
    assert used[:2] == used[2:]


def test_player_gets_the_parts_that_it_asks_for(web: Web) -> None:
    content = web.world.add("a b/ä.mp3").read_bytes()
    path = f"/library/tracks/{scanned(web).id}/file"
    whole = web.get(path)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "filename*=UTF-8''%C3%A4.mp3" in whole.headers["content-disposition"]
    size = len(content)
    for asked, start, end in (
        ("5-9", 5, 10),
        ("100-", 100, size),
        ("-7", size - 7, size),
        ("9-999999999", 9, size),
    ):
        part = web.get(path, Range=f"bytes={asked}")
        assert (part.status_code, part.content) == (206, content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.headers["content-length"] == str(end - start)
    for odd in ("bytes=9-5", "bytes=x-", "lines=1-2", "bytes=1-2,4-5", "bytes=-", "bytes"):
        assert web.get(path, Range=odd).status_code == 200
    for beyond in (f"bytes={size}-", "bytes=-0"):
        refused = web.get(path, Range=beyond)
        assert (refused.status_code, refused.content) == (416, b"")
        assert refused.headers["content-range"] == f"bytes */{size}"


def test_parts_of_another_version_are_not_mixed(web: Web) -> None:
    file = web.world.add("a.mp3")
    path = f"/library/tracks/{scanned(web).id}/file"
    etag = web.get(path).headers["etag"]
    assert web.get(path, Range="bytes=1-2", If_Range=etag).status_code == 206
    assert web.get(path, If_None_Match=etag).status_code == 304
    grow_old(file, 500)
    assert web.get(path, Range="bytes=1-2", If_Range=etag).status_code == 200
    assert web.get(path, If_None_Match=etag).status_code == 200


def test_head_tells_the_size_alone(web: Web) -> None:
    size = web.world.add("a.mp3").stat().st_size
    path = f"/library/tracks/{scanned(web).id}/file"
    answer = web.client.head(path, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (206, "10", b"")
    assert web.client.head(path).headers["content-length"] == str(size)


def test_file_that_became_a_link_is_not_served(web: Web, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp3"
    secret.write_bytes(b"secret")
    file = web.world.add("A/a.mp3")
    path = f"/library/tracks/{scanned(web).id}/file"
    file.unlink()
    file.symlink_to(secret)
    assert web.get(path).status_code == 404
    shutil.rmtree(file.parent)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.mp3").write_bytes(b"secret")
    file.parent.symlink_to(tmp_path / "elsewhere")
    assert web.get(path).status_code == 404
    file.parent.unlink()
    os.mkdir(file.parent)
    os.mkfifo(file)
    assert web.get(path).status_code == 404


def test_cover_is_small_kept_and_gone_with_the_file(web: Web) -> None:
    file = web.world.add("a.mp3", title="One")
    containers.write(file, Tags(title="One"), picture(800, 800))
    track = scanned(web)
    page = web.get("/library").text
    [src] = re.findall(r'src="(/library/tracks/[^"]*/cover[^"]*)"', page)
    cover = web.get(src)
    assert (cover.status_code, cover.headers["content-type"]) == (200, "image/jpeg")
    assert cover.content.startswith(b"\xff\xd8")
    assert len(cover.content) < 20_000
    assert "immutable" in cover.headers["cache-control"]
    file.unlink()
    assert web.get(src).content == cover.content
    scan(web.world.db, web.world.library)
    assert web.get(f"/library/tracks/{track.id}/cover").status_code == 404


def test_track_without_a_cover_answers_404(web: Web) -> None:
    web.world.add("a.mp3")
    assert web.get(f"/library/tracks/{scanned(web).id}/cover").status_code == 404


def test_api_lists_pages_and_shows_tracks(web: Web) -> None:
    web.world.add("A/a.flac", kind="flac", title="One", artist="The A")
    track = scanned(web)
    shown = web.get(f"/api/v1/library/tracks/{track.id}").json()
    assert (shown["path"], shown["title"], shown["artist"]) == ("A/a.flac", "One", "The A")
    assert shown["quality"]["lossless"] is True
    assert shown["quality"]["label"] == "FLAC 16/44.1"
    assert shown["source_quality"] is None
    add_rows(web.world, "two", "three")
    first = web.get("/api/v1/library/tracks?limit=2").json()
    assert [one["title"] for one in first["items"]] == ["three", "two"]
    rest = web.get(f"/api/v1/library/tracks?limit=2&before={first['next']}").json()
    assert (rest["items"], rest["next"]) == ([shown], None)
    assert web.get("/api/v1/library/tracks/nobody").status_code == 404
    assert web.get("/api/v1/library/tracks?limit=0").status_code == 422
    assert web.get("/api/v1/library/tracks?before=nobody").json() == {"items": [], "next": None}


def test_nobody_sees_the_library_without_login(web: Web) -> None:
    web.world.add("a.mp3")
    id = scanned(web).id
    del web.client.headers["Authorization"]
    for path in (f"/library/tracks/{id}/file", f"/library/tracks/{id}/cover", "/library"):
        assert web.client.get(path, follow_redirects=False).status_code in (302, 303, 401)
    assert web.get("/api/v1/library/tracks").status_code == 401


def test_scan_command_prints_what_it_did(tmp_path: Path) -> None:
    library = tmp_path / "music"
    library.mkdir()
    shutil.copy(make("mp3", 1), library / "one.mp3")
    environment = os.environ | {"INLAY_DATA_DIR": str(tmp_path / "data"), "INLAY_LIBRARY_DIR": str(library)}

    def inlay(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "app", "scan", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    counts = {"seen": 1, "added": 1, "changed": 0, "renamed": 0, "removed": 0, "errors": 0}
    assert json.loads(inlay("--json").stdout) == counts
    assert inlay().stdout == "1 files: nothing changed.\n"
    library.rename(tmp_path / "away")
    library.mkdir()
    refused = inlay()
    assert refused.returncode == 1
    assert "is its disk mounted" in refused.stderr
