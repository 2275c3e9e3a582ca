"""An undo is killed, fails and races: a track is in the library and done, or in review and not in it."""

import random
import threading
import time

import httpx
import pytest

from tests.faults.conftest import Installed, MakeScene
from tests.faults.disks import read_only
from tests.faults.invariants import MARKER, hidden
from tests.faults.sweeps import BY_TURNS, needs_strace, sweep
from tests.faults.undo_ground import UndoGround, prepare_undo
from tests.faults.world import ARTIST, LONG_S, Scene, on_sight
from tests.running import wait_for

PATIENCE_S = 90
ORIGINAL = {"format": "original"}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> UndoGround:
    return prepare_undo(tmp_path_factory.mktemp("undo"), installed)


@pytest.fixture
def scene(lend: MakeScene) -> Scene:
    # Not watched: here files go.
    return lend(watched=False, undo_s="600")


@needs_strace
def test_killed_or_failed_at_any_call_it_is_one_of_the_two_after_the_restart(ground: UndoGround) -> None:
    swept = sweep(ground, f"KILL|{BY_TURNS}", step="undo", every=2)
    assert {"renameat2", "unlinkat", "fsync", "flock"} <= swept.names
    assert swept.states == {"done", "review"}
    assert swept.trials > 60


def in_library(scene: Scene, name: str, **more: object) -> str:
    id = scene.hand_in(name, **more)  # type: ignore[arg-type]
    scene.until(id, PATIENCE_S, state="review")
    scene.confirm(id)
    scene.until(id, PATIENCE_S, state="done")
    return id


def assert_one_of_the_two(scene: Scene, id: str, path: str) -> str:
    row = scene.row(id)
    there = path in scene.files()
    assert (row["state"], bool(row["library_track_id"]), there) in (
        ("done", True, True),
        ("review", False, False),
    ), row
    assert hidden(scene.library) == [MARKER]
    return str(row["state"])


def test_killed_once_it_has_begun_it_is_ended_by_the_restart(scene: Scene) -> None:
    id = in_library(scene, "begun", kind="flac", seconds=LONG_S, ask=ORIGINAL)
    asked = threading.Thread(target=lambda: _quietly(scene, id))
    asked.start()
    on_sight(lambda: scene.row(id)["library_track_id"] is None)
    scene.kill()
    asked.join()
    scene.start()
    assert assert_one_of_the_two(scene, id, f"{ARTIST}/begun.flac") == "review"
    scene.confirm(id)
    scene.until(id, state="done")
    assert [file for file in scene.files() if "begun" in file] == [f"{ARTIST}/begun.flac"]


def test_killed_before_it_has_begun_nothing_has_happened(scene: Scene) -> None:
    id = in_library(scene, "waiting")
    with scene.database_held():
        asked = threading.Thread(target=lambda: _quietly(scene, id))
        asked.start()
        time.sleep(1)
        scene.kill()
        asked.join()
    scene.start()
    assert assert_one_of_the_two(scene, id, f"{ARTIST}/waiting.mp3") == "done"
    assert scene.ask(id, "undo").status_code == 200


def _quietly(scene: Scene, id: str) -> None:
    try:
        scene.ask(id, "undo")
    except httpx.HTTPError:
        return


def test_an_undo_at_any_moment_of_finalizing_wins_and_the_next_confirmation_counts(scene: Scene) -> None:
    chance = random.Random(7)
    for number in range(5):
        id = scene.hand_in(f"raced {number}")
        scene.until(id, PATIENCE_S, state="review", conversion="done")
        scene.confirm(id, title=f"wrong {number}")
        time.sleep(chance.uniform(0, 0.4))
        answer = scene.ask(id, "undo")
        assert answer.status_code == 200, answer.text
        scene.confirm(id, title=f"right {number}")
        scene.until(id, PATIENCE_S, state="done")
    numbered = [file for file in scene.files() if "right" in file or "wrong" in file or "raced" in file]
    assert numbered == [f"{ARTIST}/right {number}.mp3" for number in range(5)]
    assert hidden(scene.library) == [MARKER]


def test_of_two_undos_at_once_one_is_done_and_the_other_told(scene: Scene) -> None:
    id = in_library(scene, "twice")
    answers: list[int] = []
    several = [
        threading.Thread(target=lambda: answers.append(scene.ask(id, "undo").status_code)) for _ in range(4)
    ]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert sorted(answers) == [200, 409, 409, 409]
    assert assert_one_of_the_two(scene, id, f"{ARTIST}/twice.mp3") == "review"


def test_a_library_that_cannot_be_written_keeps_its_file_and_says_why(scene: Scene) -> None:
    id = in_library(scene, "kept")
    with read_only(scene.library):
        answer = scene.ask(id, "undo")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_undone")
        assert "read-only" in answer.json()["detail"]
        assert assert_one_of_the_two(scene, id, f"{ARTIST}/kept.mp3") == "done"
    wait_for(lambda: scene.ask(id, "undo").status_code == 200)
    assert assert_one_of_the_two(scene, id, f"{ARTIST}/kept.mp3") == "review"
