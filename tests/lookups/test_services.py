"""What each service sends becomes what we use of it; nonsense becomes nothing."""

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.lookups import acoustid, coverart, fingerprint, lrclib, musicbrainz
from app.lookups.cache import Cache
from app.lookups.client import Client
from app.lookups.recording import Recording
from app.lookups.turns import Trouble
from tests.lookups import fakes as moods
from tests.lookups.fakes import Fakes, acoustid_results, mbid, recording, recordings, words
from tests.media import audio


def search(client: Client, cache: Cache, title: str = "Harbour") -> tuple[Recording, ...]:
    return musicbrainz.search(client, cache, artist="Jane Roe", title=title, duration_ms=240_000)


def test_the_query_escapes_what_means_something_to_lucene() -> None:
    query = musicbrainz.query_for(artist='A "B" (C)', title="What? + Why! [x] AND y", duration_ms=None)
    assert query.startswith(r'+recording:"What\? \+ Why\! AND y" +artist:"A \"B\" \(C\)"')
    assert musicbrainz.escaped('+-&&||!(){}[]^"~*?:\\/') == (r"\+\-\&&\||\!\(\)\{\}\[\]\^\"\~\*\?\:\\\/")


def test_the_query_asks_for_the_name_and_prefers_the_length(
    client: Client, cache: Cache, fakes: Fakes
) -> None:
    search(client, cache, "Harbour (Live)")
    [request] = fakes.asked("musicbrainz")
    assert request.query["fmt"] == "json"
    assert request.query["query"] == (
        '+recording:"Harbour" +artist:"Jane Roe" recording:(live) dur:[235000 TO 245000]^2'
    )


def test_an_answer_that_is_kept_is_not_asked_for_again(client: Client, cache: Cache, fakes: Fakes) -> None:
    fakes.musicbrainz = recordings(recording("Harbour"))
    first = search(client, cache)
    assert first[0].title == "Harbour"
    assert search(client, cache) == first
    assert len(fakes.asked("musicbrainz")) == 1


def test_that_nothing_is_known_is_kept_too(client: Client, cache: Cache, fakes: Fakes) -> None:
    assert search(client, cache) == search(client, cache) == ()
    assert len(fakes.asked("musicbrainz")) == 1


def test_trouble_is_not_kept(client: Client, cache: Cache, fakes: Fakes) -> None:
    fakes.spoil(moods.busy("1"), moods.busy("1"))
    with pytest.raises(Trouble):
        search(client, cache)
    fakes.musicbrainz = recordings(recording("Harbour"))
    assert search(client, cache)


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "not an id"},
        {"title": None},
        {"title": "\u202e\u200b"},
        {"title": ["a"]},
        {"length": "long"},
        {"artist-credit": []},
        {"artist-credit": "Jane"},
        {"releases": [{"id": 5}]},
    ],
)
def test_an_odd_recording_is_left_out_alone(
    odd: dict[str, Any], client: Client, cache: Cache, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings({**recording("Odd"), **odd}, recording("Harbour"))
    assert [one.title for one in search(client, cache)] == ["Harbour"]


def test_odd_values_become_nothing(client: Client, cache: Cache, fakes: Fakes) -> None:
    found = recording("Har\x00bour\u202e", length_ms=10**15, date="9999-99-99")
    found["releases"][0] |= {"date": "199x", "media": None, "release-group": None, "artist-credit": None}
    fakes.musicbrainz = recordings(found)
    [read] = search(client, cache)
    assert (read.title, read.length_ms, read.date) == ("Har bour", None, "")
    [release] = read.releases
    assert (release.date, release.track_no, release.group_id, release.artist) == ("", None, "", "")


# --- AcoustID -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def song() -> Path:
    return audio.make("mp3")


needs_fpcalc = pytest.mark.skipif(not fingerprint.is_possible(), reason="fpcalc is not installed")


@needs_fpcalc
def test_a_fingerprint_finds_recordings_and_the_key_is_in_no_address(
    client: Client, cache: Cache, fakes: Fakes, song: Path
) -> None:
    fakes.acoustid = acoustid_results((0.4, mbid("far")), (0.97, mbid("near")), (0.97, "no id"))
    found = acoustid.look_up(client, cache, "key-of-mine", song, 5_000)
    assert found == (acoustid.Match(mbid("near"), 0.97),)
    assert acoustid.look_up(client, cache, "key-of-mine", song, 5_000) == found
    [request] = fakes.asked("acoustid")
    assert request.path == "v2/lookup"
    assert request.query == {}
    assert (request.form["client"], request.form["duration"]) == ("key-of-mine", "5")
    assert len(request.form["fingerprint"]) > 20


@needs_fpcalc
def test_the_fingerprint_is_the_one_that_fpcalc_makes_of_the_file_itself() -> None:
    music = audio.make("flac", 20)
    own = subprocess.run(["fpcalc", "-plain", str(music)], capture_output=True, text=True).stdout.strip()
    assert fingerprint.fingerprint(music) == own


@needs_fpcalc
def test_a_wrong_key_is_trouble(client: Client, cache: Cache, fakes: Fakes, song: Path) -> None:
    error = {"status": "error", "error": {"code": 4, "message": "invalid API key"}}
    fakes.acoustid = error
    with pytest.raises(Trouble, match="invalid API key"):
        acoustid.look_up(client, cache, "wrong", song, 5_000)


@needs_fpcalc
def test_what_is_no_audio_has_no_fingerprint(tmp_path: Path) -> None:
    playlist = tmp_path / "song.mp3"
    playlist.write_text("#EXTM3U\n/etc/passwd\n")
    with pytest.raises(Trouble):
        fingerprint.fingerprint(playlist)
    with pytest.raises(Trouble):
        fingerprint.fingerprint(tmp_path / "nothing.mp3")


# --- Cover Art Archive ----------------------------------------------------------------------------------


def picture(side_px: int) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((side_px, side_px), 50).convert("RGB").save(written, "JPEG")
    return written.getvalue()


def test_the_front_of_a_release_comes_over_its_redirects_as_our_own_jpeg(
    client: Client, fakes: Fakes
) -> None:
    fakes.pictures[f"release/{mbid('r')}"] = picture(1200)
    found = coverart.front(client, mbid("r"), mbid("g"))
    assert found
    with Image.open(io.BytesIO(found)) as image:
        assert (image.format, image.size) == ("JPEG", (1000, 1000))
    assert [one.path for one in fakes.asked("coverart")] == [f"release/{mbid('r')}/front-1200"]
    assert fakes.asked("machine")


def test_without_one_the_release_group_has_it(client: Client, fakes: Fakes) -> None:
    fakes.pictures[f"release/{mbid('r')}"] = picture(300)
    fakes.pictures[f"release-group/{mbid('g')}"] = picture(600)
    found = coverart.front(client, mbid("r"), mbid("g"))
    assert found
    with Image.open(io.BytesIO(found)) as image:
        assert image.size == (600, 600)


def test_a_small_cover_is_none(client: Client, fakes: Fakes) -> None:
    fakes.pictures[f"release/{mbid('r')}"] = picture(499)
    assert coverart.front(client, mbid("r"), "") is None
    assert coverart.front(client, "../../x", "") is None


def test_a_cover_that_is_none_is_trouble(client: Client, fakes: Fakes) -> None:
    fakes.pictures[f"release/{mbid('r')}"] = b"<svg onload=alert(1)>"
    with pytest.raises(Trouble):
        coverart.front(client, mbid("r"), "")


# --- LRCLIB ---------------------------------------------------------------------------------------------


def sing(client: Client, cache: Cache, **more: Any) -> lrclib.Lyrics | None:
    asked = {"artist": "Jane Roe", "title": "Harbour", "album": "Harbour Songs", "duration_ms": 240_400}
    return lrclib.look_up(client, cache, **{**asked, **more})


def test_the_words_come_plain_and_timed(client: Client, cache: Cache, fakes: Fakes) -> None:
    fakes.exact_words = words()
    found = sing(client, cache)
    assert found == lrclib.Lyrics(
        plain="Boats at night\nGulls by day",
        synced="[00:12.34] Boats at night\n[00:17.80] Gulls by day",
    )
    assert sing(client, cache) == found
    [request] = fakes.asked("lrclib")
    assert request.query == {
        "track_name": "Harbour",
        "artist_name": "Jane Roe",
        "album_name": "Harbour Songs",
        "duration": "240",
    }


def test_without_the_album_the_best_of_a_search_is_taken(client: Client, cache: Cache, fakes: Fakes) -> None:
    fakes.found_words = [
        words(duration=500.0, plainLyrics="too long"),
        words(trackName="Harbour (Live)", plainLyrics="live"),
        words(artistName="John Doe", plainLyrics="his"),
        words(syncedLyrics=None, plainLyrics="only plain"),
        words(plainLyrics=None, syncedLyrics="[00:01.00] Timed"),
    ]
    assert sing(client, cache, album="") == lrclib.Lyrics(plain="Timed", synced="[00:01.00] Timed")
    assert [one.path for one in fakes.asked("lrclib")] == ["api/search"]


@pytest.mark.parametrize(
    "found",
    [
        words(instrumental=True, plainLyrics=None, syncedLyrics=None),
        words(duration=250.0),
        words(duration=None),
        words(plainLyrics="", syncedLyrics="no times here"),
        words(plainLyrics="x" * 100_000, syncedLyrics=None),
    ],
)
def test_words_of_something_else_are_none(
    found: dict[str, Any], client: Client, cache: Cache, fakes: Fakes
) -> None:
    fakes.exact_words = found
    assert sing(client, cache) is None


def test_words_hold_lines_of_text_only(client: Client, cache: Cache, fakes: Fakes) -> None:
    fakes.exact_words = words(
        plainLyrics="a\x00b\r\n\x1b[31mc\ud800".encode("utf-8", "replace").decode(), syncedLyrics=None
    )
    assert sing(client, cache) == lrclib.Lyrics(plain="ab\n[31mc?")
