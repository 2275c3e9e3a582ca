"""Reviews wait a week, failed downloads keep files as long, history stays a year, whatever the clock says."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.db import now
from app.downloads import retention, staging
from app.downloads.cards import history_line
from app.downloads.model import Site, State
from tests.queue_world import QueueWorld, queue_world

DAY = timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path / "data") as world:
        world.add("a sign of life", state=State.DONE, finished_at=now())
        yield world


def staged(world: QueueWorld, title: str, state: State, age: timedelta) -> str:
    moment = now() - age
    ended = moment if state in (State.DONE, State.FAILED) else None
    id = world.add(title, state=state, updated_at=moment, finished_at=ended)
    folder = staging.folder_of(world.services.settings, id)
    folder.mkdir()
    (folder / "source.mp3").write_bytes(b"x")
    return id


def state_of(world: QueueWorld, id: str) -> str | None:
    download = world.get(id)
    return download.state if download else None


def is_staged(world: QueueWorld, id: str) -> bool:
    return staging.folder_of(world.services.settings, id).exists()


def test_a_review_waits_a_week_and_says_so(world: QueueWorld) -> None:
    young = staged(world, "young", State.REVIEW, 6 * DAY)
    old = staged(world, "old", State.REVIEW, 8 * DAY)
    retention.expire(world.services)
    assert (state_of(world, young), is_staged(world, young)) == (State.REVIEW, True)
    assert (state_of(world, old), is_staged(world, old)) == (State.DISCARDED, False)
    gone = world.get(old)
    assert gone is not None
    assert history_line(gone, {}) == "Discarded: Nobody reviewed it for 7 days."
    waiting = world.get(young)
    assert waiting is not None
    assert retention.keeps_until(waiting, 7) - now() < DAY


def test_a_failed_download_keeps_its_row_longer_than_its_files(world: QueueWorld) -> None:
    id = staged(world, "failed", State.FAILED, 8 * DAY)
    retention.expire(world.services)
    assert (state_of(world, id), is_staged(world, id)) == (State.FAILED, False)


def test_history_is_kept_for_a_year(world: QueueWorld) -> None:
    kept = staged(world, "kept", State.DONE, 364 * DAY)
    old = staged(world, "old", State.DONE, 366 * DAY)
    world.site("quiet.example", succeeded_at=now() - 400 * DAY)
    world.site("one.example", succeeded_at=now() - 400 * DAY)
    retention.expire(world.services)
    assert state_of(world, kept) == State.DONE
    assert state_of(world, old) is None
    with world.services.db.read() as session:
        assert session.get(Site, "quiet.example") is None
        assert session.get(Site, "one.example") is not None, "its downloads speak of it"


def test_history_that_is_kept_for_ever_stays(tmp_path: Path) -> None:
    with queue_world(tmp_path / "data", history_days=0) as world:
        old = staged(world, "old", State.DONE, 4000 * DAY)
        retention.expire(world.services, uptime_s=10**6)
        assert state_of(world, old) == State.DONE


def test_after_a_long_absence_or_with_a_wrong_clock_nothing_goes_at_once(tmp_path: Path) -> None:
    with queue_world(tmp_path / "data") as world:
        id = staged(world, "patient", State.REVIEW, 30 * DAY)
        retention.expire(world.services, uptime_s=60)
        assert state_of(world, id) == State.REVIEW
        retention.expire(world.services, uptime_s=2 * 3600)
        assert state_of(world, id) == State.DISCARDED


def test_nothing_to_throw_away_writes_nothing(world: QueueWorld) -> None:
    staged(world, "young", State.REVIEW, DAY)
    file = world.services.settings.data_dir / "inlay.db-wal"
    before = file.stat().st_mtime_ns, file.stat().st_size
    retention.expire(world.services)
    assert (file.stat().st_mtime_ns, file.stat().st_size) == before
