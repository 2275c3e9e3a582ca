"""A cancel or a discard ends everything at once and for good; a disk that refuses costs only a retry."""

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import Disk, small_disk
from tests.faults.conftest import MakeScene
from tests.faults.invariants import MARKER, ends_well, goes_on_well, hidden
from tests.faults.world import LONG_S, Scene, on_sight
from tests.media.faults import Slow, Wait
from tests.running import wait_for

AT_ONCE_S = 2


@pytest.mark.parametrize("state", ["queued", "probing", "downloading"])
def test_a_cancel_ends_everything_at_once_and_for_good(lend: MakeScene, state: str) -> None:
    scene = lend(per_site="1")
    others = 0
    if state == "queued":
        scene.hand_in("other", faults=[Slow(15_000)])
        wait_for(scene.fetching)
        others = 1
    page = [Wait(60, times=1)] if state == "probing" else []
    media = [Slow(10_000)] if state == "downloading" else []
    id = scene.hand_in(f"unwanted while {state}", page_faults=page, faults=media)
    scene.until(id, state=state)
    wait_for(lambda: state == "queued" or scene.staged(id) or scene.site.hits)
    assert scene.ask(id, "cancel").status_code == 200
    wait_for(lambda: len(scene.fetching()) == others and not scene.folder(id).exists(), AT_ONCE_S)
    again = scene.ask(id, "cancel")
    assert (again.status_code, again.json()["code"]) == (409, "too_late")
    time.sleep(1)
    assert scene.row(id)["state"] == "cancelled"
    assert not scene.folder(id).exists()
    scene.site.mend()
    assert scene.ask(id, "retry").json()["state"] == "queued"
    goes_on_well(scene)


@pytest.mark.slow
def test_a_cancel_at_any_moment_stays_a_cancel(lend: MakeScene) -> None:
    chance = random.Random(1)
    scene = lend(per_site="4")
    cancelled = []
    for number in range(12):
        id = scene.hand_in(f"unwanted {number}")
        time.sleep(chance.uniform(0, 0.8))
        if scene.ask(id, "cancel").status_code == 200:
            cancelled.append(id)
            del scene.wanted[id]
    wait_for(lambda: not scene.fetching(), AT_ONCE_S)
    assert {scene.row(id)["state"] for id in cancelled} == {"cancelled"}
    assert not any(scene.folder(id).exists() for id in cancelled)
    goes_on_well(scene)


@pytest.mark.slow
def test_a_discard_ends_the_conversion_at_once(lend: MakeScene) -> None:
    scene = lend(per_site="4")
    id = scene.in_review("discarded", "m4a", LONG_S)
    wait_for(lambda: scene.workers("ffmpeg"))
    time.sleep(0.5)
    assert scene.ask(id, "discard").status_code == 200
    wait_for(lambda: not scene.workers() and not scene.folder(id).exists(), AT_ONCE_S)
    time.sleep(0.5)
    assert scene.row(id)["state"] == "discarded"
    del scene.wanted[id]
    goes_on_well(scene)


@pytest.mark.slow
def test_a_cancel_while_it_is_being_added_ends_the_conversion_and_leaves_nothing(
    lend: MakeScene,
) -> None:
    scene = lend(per_site="4")
    id = scene.in_review("cancelled", "m4a", LONG_S)
    wait_for(lambda: scene.workers("ffmpeg"))
    scene.confirm(id)
    assert scene.ask(id, "cancel").json()["state"] == "cancelled"
    wait_for(lambda: not scene.workers() and not scene.folder(id).exists(), AT_ONCE_S)
    time.sleep(0.5)
    assert scene.row(id)["state"] == "cancelled"
    del scene.wanted[id]
    goes_on_well(scene)


def test_a_cancel_comes_too_late_once_the_file_may_be_in_the_library(lend: MakeScene) -> None:
    scene = lend(per_site="4")
    id = scene.in_review("wanted", "flac", LONG_S, ask={"format": "original"})
    scene.confirm(id)
    on_sight(lambda: scene.row(id)["sha256"])
    late = scene.ask(id, "cancel")
    assert (late.status_code, late.json()["code"]) == (409, "too_late")
    goes_on_well(scene)


def test_a_library_whose_disk_is_away_waits_and_nothing_is_fetched_again(lend: MakeScene) -> None:
    scene = lend(per_site="4")
    id = scene.in_review("patient")
    there = set(scene.library.iterdir())
    marker = (scene.library / MARKER).rename(scene.home / "marker")
    scene.confirm(id)
    failed_and_kept(scene, id, "not there")
    assert set(scene.library.iterdir()) == there - {scene.library / MARKER}
    # Moving between disks: copying keeps the marker's content, which is what counts.
    shutil.copy(marker, scene.library / MARKER)
    goes_on_without_fetching(scene, id)


def test_a_file_where_the_library_should_be_is_said_and_mended(make_scene: MakeScene) -> None:
    scene = make_scene()
    scene.library.write_text("not a folder")
    id = scene.start().in_review("patient")
    scene.confirm(id)
    failed_and_kept(scene, id, "not there")
    scene.library.unlink()
    assert scene.stop() == 0
    goes_on_without_fetching(scene.start(), id)
    ends_well(scene)


def test_a_full_library_disk_leaves_nothing_half_and_goes_on_later(disk: Disk, make_scene: MakeScene) -> None:
    scene = make_scene(library_dir=str(disk.folder)).start()
    disk.resize(64)
    id = scene.in_review("large")
    scene.confirm(id)
    failed_and_kept(scene, id, "full")
    assert scene.files() == []
    assert hidden(scene.library) == [MARKER]
    disk.resize(8_000)
    goes_on_without_fetching(scene, id)
    ends_well(scene)


def test_a_full_staging_disk_while_fetching_is_said_and_goes_on_later(staging: Disk, lend: MakeScene) -> None:
    scene = lend(staging_dir=str(staging.folder))
    staging.resize(64)
    id = scene.hand_in("large while fetching")
    failed = scene.rest(id)
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "needs_you")
    assert "full" in failed["failure"]["message"]
    staging.resize(8_000)
    assert scene.ask(id, "retry").status_code == 200
    goes_on_well(scene)


def test_a_staging_disk_that_fills_up_meanwhile_stops_the_download_before_it_is_full(
    staging: Disk, lend: MakeScene
) -> None:
    scene = lend(staging_dir=str(staging.folder))
    id = scene.hand_in("slow", faults=[Slow(5_000)])
    wait_for(lambda: scene.received("slow") > 5_000)
    others = staging.folder / "somebody else's"
    # Of 8,000 KiB a twentieth stays free, and at half of that nothing goes on.
    others.write_bytes(bytes(shutil.disk_usage(staging.folder).free - 150 * 1024))
    failed = scene.rest(id)
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "needs_you")
    assert "nearly full" in failed["failure"]["message"]
    others.unlink()
    scene.site.mend()
    wait_for(lambda: scene.ask(id, "retry").status_code == 200)
    # At once, and not when somebody looks at all disks again: once a minute.
    wait_for(lambda: scene.row(id)["state"] != "queued", 15)
    goes_on_well(scene)


@pytest.mark.parametrize("room_kib", [160, 300], ids=["converting", "tagging"])
def test_a_full_staging_disk_later_on_costs_no_second_download(
    staging: Disk, lend: MakeScene, room_kib: int
) -> None:
    scene = lend(staging_dir=str(staging.folder))
    staging.resize(room_kib)
    id = scene.in_review(f"large in {room_kib}")
    scene.confirm(id)
    failed_and_kept(scene, id, "full")
    staging.resize(8_000)
    goes_on_without_fetching(scene, id)


def failed_and_kept(scene: Scene, id: str, word: str) -> None:
    """It has failed, a person is told what to do, and what was fetched is still there."""
    row = scene.until(id, state="failed")
    assert row["failure_kind"] == "needs_you"
    assert word in row["failure_message"]
    assert "source.opus" in scene.staged(id)


def goes_on_without_fetching(scene: Scene, id: str) -> None:
    before = len(scene.site.hits)
    assert scene.ask(id, "retry").json()["state"] == "finalizing"
    goes_on_well(scene)
    assert len(scene.site.hits) == before


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", 8_000) as made:
        yield made


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    with small_disk(tmp_path_factory.mktemp("staging") / "disk", 8_000) as made:
        yield made
