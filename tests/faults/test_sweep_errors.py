"""Each file-system call of finalize fails: nothing half is seen, nothing staged is lost, a retry adds it."""

import pytest

from tests.faults.conftest import Installed
from tests.faults.ground import Ground
from tests.faults.sweeps import BY_TURNS, NO_LINK, NO_RENAME, ground_in, needs_strace, sweep

pytestmark = needs_strace


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Ground:
    return ground_in(tmp_path_factory.mktemp("plain"), installed)


@pytest.fixture(scope="module")
def taken(plain: Ground) -> Ground:
    """The folder is there in another spelling, and in it the name of a file of somebody else's."""
    return plain.with_theirs("the harbours/SWEPT.mp3")


def test_any_call_may_fail(plain: Ground) -> None:
    swept = sweep(plain, BY_TURNS, every=3)
    assert {"mkdirat", "write", "fsync", "renameat2", "pwrite64", "rmdir"} <= swept.names
    assert swept.trials > 70
    assert swept.states >= {"finalizing", "failed", "done"}


def test_whatever_happens_to_the_child_that_writes_tags_only_its_copy_is_touched(plain: Ground) -> None:
    swept = sweep(plain, "KILL,EIO,ENOSPC", step="tags")
    assert {"openat", "write", "fsync"} <= swept.names
    assert len(swept.calls) > 40
    assert swept.trials > 30


@pytest.mark.parametrize(
    ("always", "move"),
    [("", "renameat2"), (NO_RENAME, "linkat"), (f"{NO_RENAME} {NO_LINK}", "renameat")],
    ids=["rename", "link", "checked rename"],
)
def test_a_taken_name_stays_theirs_whatever_fails_around_the_move(
    taken: Ground, always: str, move: str
) -> None:
    swept = sweep(taken, f"KILL,{BY_TURNS}", always=always, near=move)
    assert move in swept.names
    assert swept.trials > 10
