"""Deleting, restoring, replacing and editing are killed or fail at each file-system call: nothing is lost."""

from pathlib import Path

import pytest

from tests.disks import small_disk
from tests.faults.sweeps import BY_TURNS, NO_LINK, NO_RENAME, needs_strace, sweep
from tests.faults.trash_ground import TrashGround, prepare_trash

pytestmark = needs_strace

TURNS = f"KILL|{BY_TURNS}"
SOME = 6
"""At each second call of a replacement, which has all the steps; at each sixth of the others."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> TrashGround:
    return prepare_trash(tmp_path_factory.mktemp("changes"))


@pytest.mark.parametrize("step", ["delete", "replace", "replace-other", "edit"])
def test_at_any_call_it_is_as_before_or_as_after(ground: TrashGround, step: str) -> None:
    swept = sweep(ground, TURNS, step=step, every=2 if step == "replace" else SOME)
    assert {"renameat2", "fsync", "flock"} <= swept.names
    assert swept.states == {"at rest", "under way"}
    assert swept.trials > 20


def test_a_restore_is_as_before_or_as_after(tmp_path: Path) -> None:
    swept = sweep(prepare_trash(tmp_path, deleted=True), TURNS, step="restore", every=SOME)
    assert swept.states == {"at rest", "under way"}
    assert swept.trials > 20


def test_with_the_trash_on_another_disk_nothing_is_lost_either(tmp_path: Path) -> None:
    ground = prepare_trash(tmp_path)
    with small_disk(tmp_path / "home" / "data" / "trash", 4_000):
        swept = sweep(ground, TURNS, step="delete", every=SOME)
    assert swept.trials > 20


def test_without_an_exchange_of_names_nothing_is_lost_either(ground: TrashGround) -> None:
    swept = sweep(ground, TURNS, step="replace", always=f"{NO_RENAME} {NO_LINK}", every=SOME)
    assert "renameat" in swept.names
