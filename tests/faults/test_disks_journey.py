"""The whole journey with a library on a disk that knows neither links nor safe renames, and that may hang."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import MakeScene
from tests.faults.disks import fuse_disk, hanging
from tests.faults.invariants import assert_nothing_left, ends_well
from tests.faults.world import ARTIST, Scene

SOON = "import app.library.patience as p; p.ANSWER_S = 1; from app.cli import main; main()"
ANSWER_S = 2.0
"""On a busy machine. What must not happen is that an answer waits for the disk."""


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Path]:
    with fuse_disk(tmp_path, "exfat") as disk:
        yield disk


@pytest.fixture
def on_stick(stick: Path, make_scene: MakeScene) -> Scene:
    return make_scene(library_dir=str(stick)).start()


def test_a_stick_keeps_both_of_two_tracks_whose_names_differ_by_case(on_stick: Scene) -> None:
    for name in ("Twin", "TWIN"):
        id = on_stick.in_review(name)
        on_stick.confirm(id)
        on_stick.until(id, state="done")
    assert on_stick.files() == [f"{ARTIST}/TWIN (2).mp3", f"{ARTIST}/Twin.mp3"]
    assert on_stick.stop() == 0
    assert_nothing_left(on_stick)


def test_a_hanging_library_keeps_no_page_waiting_and_the_track_arrives_later(
    stick: Path, make_scene: MakeScene
) -> None:
    scene = make_scene(library_dir=str(stick), workers="2")
    scene.run("-c", SOON)
    scene.start()
    ids = [scene.hand_in(f"patient {number}") for number in range(3)]
    for id in ids:
        scene.until(id, 60, state="review", conversion="done")
    with hanging(stick):
        for id in ids:
            scene.confirm(id)
        # More than there are workers: none of them is held up, and other work goes on.
        for id in ids:
            row = scene.until(id, state="failed")
            assert row["failure_kind"] == "temporary"
            assert "does not answer" in row["failure_message"]
        assert slowest_answer_s(scene) < ANSWER_S
        scene.in_review("another")
    for id in ids:
        assert scene.ask(id, "retry").json()["state"] == "finalizing"
    ends_well(scene)


def slowest_answer_s(scene: Scene) -> float:
    took = []
    with scene.api() as api:
        for path in (
            "/health",
            "/downloads",
            f"/downloads/{next(iter(scene.wanted))}",
            "/library/tracks",
        ) * 5:
            began = time.monotonic()
            assert api.get(path).status_code == 200, path
            took.append(time.monotonic() - began)
    return max(took)
