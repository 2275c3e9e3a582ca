"""The server is killed at ten moments: nothing is lost, doubled or partial."""

from pathlib import Path

import pytest

from tests.faults.invariants import goes_on_well, hidden
from tests.faults.world import ARTIST, LONG_S, LONGER_S, Scene, on_sight
from tests.media.faults import Slow, Wait
from tests.running import wait_for

ORIGINAL = {"format": "original"}


def test_killed_right_after_a_link_was_accepted(scene: Scene) -> None:
    id = scene.hand_in("accepted")
    scene.kill()
    assert scene.row(id)["state"] in ("queued", "probing")
    assert scene.site.hits == []
    goes_on_well(scene.start())


def test_killed_while_probing(scene: Scene) -> None:
    id = scene.hand_in("probed", page_faults=[Wait(60, times=1)])
    wait_for(lambda: scene.site.hits)
    scene.kill()
    assert scene.row(id)["state"] == "probing"
    goes_on_well(scene.start())


def test_killed_in_the_middle_of_a_download(scene: Scene) -> None:
    id = scene.hand_in("fetched", faults=[Slow(20_000)])
    wait_for(lambda: scene.received("fetched") > 30_000)
    scene.kill()
    assert scene.row(id)["state"] == "downloading"
    assert "source.opus.part" in scene.staged(id)
    scene.site.mend()
    goes_on_well(scene.start())
    assert scene.ranges("fetched"), "it began from the start again"


def test_killed_between_the_staged_file_and_the_review(scene: Scene) -> None:
    id = scene.hand_in("staged", rate_bps=100_000)
    scene.until(id, state="downloading")
    with scene.database_held():
        wait_for(lambda: scene.staged(id) >= {"source.opus", "cover.jpg"} and not scene.fetching())
        scene.kill()
    row = scene.row(id)
    assert (row["state"], row["conversion"]) == ("downloading", None)
    goes_on_well(scene.start())


@pytest.mark.slow
def test_killed_while_the_review_is_open_and_ffmpeg_runs(scene: Scene) -> None:
    id = scene.in_review("converting", "m4a", LONGER_S)
    wait_for(lambda: scene.workers("ffmpeg"))
    scene.kill()
    row = scene.row(id)
    assert (row["state"], row["conversion"]) == ("review", "running")
    goes_on_well(scene.start())


def test_killed_in_review_after_the_conversion(scene: Scene) -> None:
    id = scene.in_review("converted")
    scene.until(id, conversion="done")
    made = identity(scene.folder(id) / "converted.mp3")
    scene.kill()
    assert scene.row(id)["state"] == "review"
    scene.start()
    assert scene.row(id)["conversion"] == "done"
    assert identity(scene.folder(id) / "converted.mp3") == made
    goes_on_well(scene)


@pytest.mark.slow
def test_killed_right_after_a_confirm_while_ffmpeg_runs(scene: Scene) -> None:
    id = scene.in_review("confirmed", "m4a", LONGER_S)
    wait_for(lambda: scene.workers("ffmpeg"))
    scene.confirm(id)
    scene.kill()
    row = scene.row(id)
    assert (row["state"], row["conversion"]) == ("finalizing", "running")
    goes_on_well(scene.start())


def test_killed_while_tags_are_written(scene: Scene) -> None:
    id = scene.in_review("tagged")
    scene.until(id, conversion="done")
    scene.confirm(id)
    # Looking for the child that writes them takes longer than it lives.
    on_sight(lambda: "tagged.mp3" in scene.staged(id))
    scene.kill()
    row = scene.row(id)
    assert (row["state"], row["sha256"]) == ("finalizing", None)
    assert "tagged.mp3" in scene.staged(id)
    goes_on_well(scene.start())


def test_killed_while_the_copy_arrives_in_the_library(scene: Scene) -> None:
    id = scene.in_review("copied", "flac", LONG_S, ask=ORIGINAL)
    scene.confirm(id)
    on_sight(lambda: any((scene.library / ARTIST).glob(".inlay-*.part")))
    scene.kill()
    row = scene.row(id)
    assert row["sha256"]
    assert (row["state"], row["library_track_id"]) == ("finalizing", None)
    assert f"{ARTIST}/copied.flac" not in scene.files()
    assert len(hidden(scene.library)) == 2
    goes_on_well(scene.start())


def test_killed_between_the_file_in_the_library_and_its_row(scene: Scene) -> None:
    id = scene.in_review("placed", "flac", LONG_S, ask=ORIGINAL)
    file = scene.library / ARTIST / "placed.flac"
    scene.confirm(id)
    on_sight(lambda: scene.row(id)["sha256"])
    with scene.database_held():
        wait_for(file.exists)
        placed = identity(file)
        scene.kill()
    row = scene.row(id)
    assert (row["state"], row["library_track_id"]) == ("finalizing", None)
    goes_on_well(scene.start())
    assert identity(file) == placed, "it was brought a second time"


def identity(file: Path) -> tuple[int, int]:
    """What another file of the same name and content would not have."""
    facts = file.stat()
    return facts.st_ino, facts.st_mtime_ns
