"""Spectrum and loudness of what is fetched, through a real server."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import mutagen
import pytest

from tests.audio_kinds import run
from tests.conftest import Installed
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import Inlay

HINT = "Nothing above 17.5 kHz: probably made from an MP3 or AAC file. Quiet or old music can look so, too."


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Iterator[Inlay]:
    """Alice's, with ReplayGain switched on."""
    data, token = installed
    with Inlay(tmp_path_factory.mktemp("sounding"), replaygain="album", undo_s="600") as running:
        shutil.copytree(data, running.data)
        running.token = token
        yield running.start()


@pytest.fixture(scope="module")
def suspicious(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FLAC that was an MP3 of 128 kbit/s."""
    folder = tmp_path_factory.mktemp("suspicious")
    noise = ("-f", "lavfi", "-i", "anoisesrc=color=pink:r=44100:d=12:a=0.3:seed=7", "-ac", "2")
    run(*noise, "-c:a", "libmp3lame", "-b:a", "128k", str(folder / "was.mp3"))
    run("-i", str(folder / "was.mp3"), "-c:a", "flac", "-sample_fmt", "s16", str(folder / "is.flac"))
    return folder / "is.flac"


@pytest.fixture
def pages(inlay: Inlay) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {inlay.token}"}
    with httpx.Client(base_url=inlay.url, headers=headers, timeout=60) as client:
        yield client


def rows(inlay: Inlay, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(inlay.data / "inlay.db")) as db:
        return db.execute(query).fetchall()


def test_spectrum_in_review_and_in_the_library(
    inlay: Inlay, site: MediaSite, pages: httpx.Client, suspicious: Path
) -> None:
    id = inlay.submit(site.track("dark", suspicious, title="Dark"), format="flac")
    assert inlay.rest(id)["state"] == "review"
    button, path = "Look at its spectrum", f"/downloads/{id}/spectrum"
    assert button in pages.get(f"/downloads/{id}/review").text
    fragment = pages.post(path, headers={"HX-Request": "true"})
    assert fragment.status_code == 200
    assert fragment.text.strip().startswith(f'<div id="spectrum-{id}">')
    assert HINT in fragment.text
    kept = inlay.staging / id / "spectrum.json"
    seen_at = kept.stat().st_mtime_ns
    # Without JavaScript it is a page; and what was seen once is there again.
    page = pages.post(path)
    assert "<html" in page.text
    assert HINT in page.text
    assert HINT in pages.get(f"/downloads/{id}/review").text
    assert kept.stat().st_mtime_ns == seen_at

    inlay.confirm(id)
    track = inlay.done(id)["tracks"][0]["library_track_id"]
    assert pages.post(path).status_code == 409
    assert button in pages.get(f"/library/tracks/{track}/edit").text
    assert HINT in pages.post(f"/library/tracks/{track}/spectrum").text
    assert HINT in pages.get(f"/library/tracks/{track}/edit").text
    assert len(rows(inlay, f"SELECT * FROM spectra WHERE track_id = '{track}'")) == 1
    assert pages.post("/library/tracks/none/spectrum").status_code == 404


def test_damaged_file_gets_a_sentence(inlay: Inlay, pages: httpx.Client, site: MediaSite) -> None:
    done = inlay.done(inlay.submit(site.track("broken", make("flac", 6), title="B"), skip_review=True))
    file = inlay.library / done["path"]
    whole = file.read_bytes()
    file.write_bytes(b"\0" * len(whole))
    answer = pages.post(f"/library/tracks/{done['tracks'][0]['library_track_id']}/spectrum")
    assert answer.status_code == 409
    assert "cannot be seen" in answer.text
    file.write_bytes(whole)


def test_added_track_has_its_gain_from_the_start_and_its_album_waits(
    inlay: Inlay, site: MediaSite, pages: httpx.Client
) -> None:
    single = inlay.done(
        inlay.submit(site.track("gain", make("opus", 6), title="Gain"), format="opus", skip_review=True)
    )
    assert int(mutagen.File(inlay.library / single["path"])["R128_TRACK_GAIN"][0]) < 2000
    id = inlay.submit(site.track("gained", make("mp3", 6), title="Gained"))
    inlay.rest(id)
    inlay.confirm(id, album="Estuary")
    done = inlay.done(id)
    tags = mutagen.File(inlay.library / done["path"])
    assert tags["TXXX:REPLAYGAIN_TRACK_GAIN"].text[0].endswith(" dB")
    assert "TXXX:REPLAYGAIN_ALBUM_GAIN" not in tags
    track = done["tracks"][0]["library_track_id"]
    waiting = rows(inlay, "SELECT track_id, due_at > datetime('now', '+600 seconds') FROM unmeasured")
    assert waiting == [(track, 1)]
    # The file is the one that was added: it can be taken back, and nothing waits for it then.
    assert pages.post(f"/downloads/{id}/undo").status_code in (200, 303)
    assert rows(inlay, "SELECT * FROM unmeasured") == []


def test_label_of_the_api_and_the_history_say_the_source(
    inlay: Inlay, site: MediaSite, pages: httpx.Client
) -> None:
    done = inlay.done(
        inlay.submit(
            site.track("label", make("opus", 6), title="Label"),
            format="flac",
            skip_review=True,
            confirm_lossy=True,
        )
    )
    track = done["tracks"][0]["library_track_id"]
    with inlay.api() as api:
        label = api.get(f"/library/tracks/{track}").json()["quality"]["label"]
    assert label.startswith("FLAC from Opus 1")
    assert label in pages.get("/history").text
    assert label in pages.get("/library?q=Label").text
