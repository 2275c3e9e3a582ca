"""The waveform and the cut of a download, through a real server."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.audio_kinds import ffprobe
from tests.journeys import problem, short_track
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for


@pytest.fixture
def pages(inlay: Inlay) -> httpx.Client:
    """A browser with htmx, signed in by token."""
    headers = {"Authorization": f"Bearer {inlay.token}", "HX-Request": "true"}
    return httpx.Client(base_url=inlay.url, headers=headers, timeout=30)


def reviewed(inlay: Inlay, link: str, **more: Any) -> str:
    id = inlay.submit(link, **more)
    assert inlay.rest(id, 120)["state"] == "review"
    return id


def length_ms(inlay: Inlay, id: str) -> float:
    path = inlay.done(id, 120)["path"]
    return float(ffprobe(inlay.library / path)["format"]["duration"]) * 1000


def trim(pages: httpx.Client, id: str, start: str, end: str) -> httpx.Response:
    return pages.post(f"/downloads/{id}/trim", data={"trim_start": start, "trim_end": end})


def conversion(inlay: Inlay, id: str) -> str:
    return str(inlay.download(id)["tracks"][0]["conversion"])


def test_waveform_is_drawn_once_behind_the_page_and_kept(
    inlay: Inlay, site: MediaSite, pages: httpx.Client
) -> None:
    id = reviewed(inlay, short_track(site, "drawn"))
    first = pages.get(f"/downloads/{id}/waveform")
    assert first.status_code == 202
    assert f'hx-get="/downloads/{id}/waveform?turn=1"' in first.text
    done = wait_for(lambda: (a := pages.get(f"/downloads/{id}/waveform")).status_code == 200 and a, 60)
    assert "<path" in done.text
    assert "hx-get" not in done.text
    kept = inlay.staging / id / "waveform.json"
    before = kept.stat().st_mtime_ns
    assert pages.get(f"/downloads/{id}/waveform").status_code == 200
    assert "<path" in pages.get(f"/downloads/{id}/review").text
    assert kept.stat().st_mtime_ns == before
    picture = pages.get(f"/downloads/{id}/waveform?as=svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert "hx-get" not in pages.get(f"/downloads/{id}/waveform?turn=90").text


def test_asking_ends_by_itself(inlay: Inlay, site: MediaSite, pages: httpx.Client) -> None:
    id = reviewed(inlay, short_track(site, "turns"))
    assert "hx-get" not in pages.get(f"/downloads/{id}/waveform?turn=90").text
    assert pages.get(f"/downloads/{id}/waveform?turn=91").status_code == 422


def test_programs_cut_with_the_confirmation(inlay: Inlay, site: MediaSite) -> None:
    id = reviewed(inlay, site.track("by-api", make("flac", 12), title="By API"), format="flac")
    with inlay.api() as api:
        body = {"id": id, "trim_start_ms": 5_000, "trim_end_ms": 5_500}
        told = problem(api.post("/downloads/confirm", json=body), 422, "bad_trim")
        assert told["fields"] == {
            "trim_end": "At least one second has to be left: set the end after the start."
        }
        too_far = problem(
            api.post("/downloads/confirm", json={"id": id, "trim_end_ms": 13_000}), 422, "bad_trim"
        )
        assert too_far["detail"] == "The track ends at 0:12.0: stay before that."
        problem(api.post("/downloads/confirm", json={"id": id, "trim_start_ms": -1}), 422, "bad_trim")
    answer = inlay.confirm(id, trim_start_ms=1_234, trim_end_ms=6_789)
    assert (answer["trim_start_ms"], answer["trim_end_ms"]) == (1_234, 6_789)
    assert length_ms(inlay, id) == pytest.approx(5_555, abs=1)
    track = inlay.download(id)["tracks"][0]
    assert (track["trim_start_ms"], track["trim_end_ms"]) == (1_234, 6_789)
    with inlay.api() as api:
        shelf = api.get(f"/library/tracks/{track['library_track_id']}").json()
    assert shelf["quality"]["duration_ms"] == pytest.approx(5_555, abs=1)


def test_another_cut_makes_what_was_converted_wait_again_and_wins(
    inlay: Inlay, site: MediaSite, pages: httpx.Client
) -> None:
    id = reviewed(inlay, site.track("again", make("flac", 12), title="Again"))
    wait_for(lambda: conversion(inlay, id) == "done", 60)
    folder = inlay.staging / id
    assert (folder / "converted.mp3").exists()
    answer = trim(pages, id, "0:02", "0:08")
    assert "Keeps 0:06 of 0:12, cut exactly." in answer.text
    assert not (folder / "converted.mp3").exists()
    wait_for(lambda: conversion(inlay, id) == "done", 60)
    assert [file.name for file in folder.glob("converted*")] == ["converted-2000-8000.mp3"]
    undone = trim(pages, id, "0:00.0", "0:12.0")
    assert "The whole track is kept." in undone.text
    assert trim(pages, id, "3", "").status_code == 200
    inlay.confirm(id)
    assert length_ms(inlay, id) == pytest.approx(9_000, abs=60)
    late = trim(pages, id, "1", "")
    assert late.status_code == 409
    assert "now it is done" in late.text


def test_conversion_under_way_with_the_old_cut_does_not_count(
    inlay: Inlay, site: MediaSite, pages: httpx.Client
) -> None:
    id = reviewed(inlay, site.track("under-way", make("flac", 240), title="Under Way"))
    wait_for(lambda: conversion(inlay, id) == "running", 60, every=0.01)
    assert trim(pages, id, "1:00", "1:10").status_code == 200
    inlay.confirm(id)
    assert length_ms(inlay, id) == pytest.approx(10_000, abs=60)


def test_fields_as_they_were_shown_do_not_blunt_an_exact_cut(
    inlay: Inlay, site: MediaSite, pages: httpx.Client
) -> None:
    id = reviewed(inlay, short_track(site, "blunt"))
    assert trim(pages, id, "0:01.234", "").status_code == 200
    assert trim(pages, id, "0:01.2", "0:03.0").status_code == 200
    assert inlay.download(id)["trim_start_ms"] == 1_234


def test_discard_while_the_waveform_is_drawn_leaves_nothing(
    inlay: Inlay, site: MediaSite, pages: httpx.Client
) -> None:
    id = reviewed(inlay, site.track("gone", make("flac", 240), title="Gone"))
    assert pages.get(f"/downloads/{id}/waveform").status_code == 202
    with inlay.api() as api:
        assert api.post(f"/downloads/{id}/discard").status_code == 200
    time.sleep(1)
    assert not Path(inlay.staging / id).exists()
