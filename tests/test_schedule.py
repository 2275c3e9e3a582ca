"""Whose turn it is: fair between users, kind to sites, nothing new on a full disk."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import now
from app.downloads import confirm, outcome, site_queries
from app.downloads.model import State
from app.errors import Conflict, Failure, FailureKind
from tests.queue_world import QueueWorld, queue_world

SOON = timedelta(minutes=5)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path / "data", min_free_bytes=0) as world:
        yield world


def test_no_more_are_fetched_than_there_are_workers(world: QueueWorld) -> None:
    for number in range(6):
        world.add(f"t{number}", site=f"{number}.example", user=f"user{number}")
    assert world.take_all() == ["t0", "t1", "t2", "t3"]
    world.end("t1")
    assert world.take_all() == ["t4"]


def test_one_site_gets_two_at_a_time_and_the_others_go_on(world: QueueWorld) -> None:
    for number in range(4):
        world.add(f"one {number}")
    world.add("other", site="two.example")
    assert world.take_all() == ["one 0", "one 1", "other"]


def test_a_user_with_much_does_not_keep_the_others_waiting(world: QueueWorld) -> None:
    for number in range(20):
        world.add(f"much {number}", site=f"{number}.example")
    world.add("bob 1", user="bob", site="b1.example")
    world.add("bob 2", user="bob", site="b2.example")
    assert world.take_all() == ["much 0", "bob 1", "much 1", "bob 2"]


def test_users_with_as_much_under_way_are_served_in_turn(tmp_path: Path) -> None:
    with queue_world(tmp_path / "data", workers=1, min_free_bytes=0) as world:
        for name in ("alice", "bob", "carol"):
            for number in range(2):
                world.add(f"{name} {number}", user=name)
        taken = []
        while title := world.take():
            taken.append(title)
            world.end(title)
    assert taken == ["alice 0", "bob 0", "carol 0", "alice 1", "bob 1", "carol 1"]


def test_a_user_has_a_limit_of_their_own(tmp_path: Path) -> None:
    with queue_world(tmp_path / "data", user_active=1, min_free_bytes=0) as world:
        world.add("a1", site="1.example")
        world.add("a2", site="2.example")
        world.add("b1", user="bob", site="3.example")
        assert world.take_all() == ["a1", "b1"]


def test_what_waits_for_its_next_try_is_passed_over_until_then(world: QueueWorld) -> None:
    later = world.add("later", retry_at=now() + SOON)
    world.add("now")
    assert world.take_all() == ["now"]
    world.change(later, retry_at=now())
    assert world.take_all() == ["later"]


def test_a_paused_site_is_left_alone_and_then_asked_by_one_download(world: QueueWorld) -> None:
    world.site("one.example", pauses=1, paused_until=now() + SOON)
    for title in ("a", "b"):
        world.add(title)
    world.add("other", site="two.example")
    assert world.take_all() == ["other"]
    with world.services.db.write() as session:
        session.execute(text("UPDATE sites SET paused_until = '2020-01-01 00:00:00'"))
    assert world.take_all() == ["a"], "one alone finds out how the site is"


def test_each_pause_in_a_row_is_longer_until_the_site_gives_something(world: QueueWorld) -> None:
    def pause(at_least_s: int = 0) -> int:
        with world.services.db.write() as session:
            until = site_queries.pause(session, "one.example", at_least_s)
        return 10 * round((until - now()).total_seconds() / 10)

    assert [pause() for _ in range(5)] == [60, 300, 900, 3600, 3600]
    assert pause(at_least_s=7200) == 7200, "the site asked for more"
    with world.services.db.write() as session:
        site_queries.succeeded(session, "one.example")
    world.add("a")
    assert world.take_all() == ["a"]
    assert pause(at_least_s=10) == 60


def test_a_clock_that_was_set_back_a_year_strands_nothing(world: QueueWorld) -> None:
    world.site("one.example", pauses=1, paused_until=now() + timedelta(days=365))
    world.add("paused")
    world.add("tried", site="two.example", retry_at=now() + timedelta(days=365))
    assert world.take_all() == ["paused", "tried"]


def test_nothing_new_is_fetched_to_a_full_disk(tmp_path: Path) -> None:
    with queue_world(tmp_path / "data", max_staging_bytes=1024**2) as world:
        world.add("t")
        (world.services.settings.staging / "big").write_bytes(b"x" * 1024**2)
        assert world.take() is None
        assert "limit" in world.services.room.look().full


def test_two_workers_never_take_the_same(world: QueueWorld) -> None:
    titles = {f"t{number}" for number in range(4)}
    for title in titles:
        world.add(title, site=f"{title}.example")
    taken: list[str | None] = []
    threads = [threading.Thread(target=lambda: taken.append(world.take())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(filter(None, taken)) == sorted(titles)


@pytest.mark.parametrize(
    ("id", "where", "order"),
    [(2, "first", "cabd"), (0, "last", "bcda"), (2, "up", "acbd"), (1, "down", "acbd"), (0, "up", "abcd")],
)
def test_a_person_changes_the_order(tmp_path: Path, id: int, where: str, order: str) -> None:
    with queue_world(tmp_path / "data", workers=1, min_free_bytes=0) as world:
        ids = [world.add(title) for title in "abcd"]
        world.add("z", user="bob", queue_order=0)
        confirm.take_turn(world.services, ids[id], where)
        world.change(world.add("z2", user="bob"), state=State.DONE)
        taken = []
        while title := world.take():
            taken.append(title)
            world.end(title)
    assert "".join(title for title in taken if title in "abcd") == order


def test_what_is_fetched_already_has_no_turn(world: QueueWorld) -> None:
    id = world.add("a")
    world.take()
    with pytest.raises(Conflict):
        confirm.take_turn(world.services, id, "first")


def test_a_site_that_says_when_to_come_back_is_asked_no_earlier(world: QueueWorld) -> None:
    for title, asked_s, wait_s in (("soon", 1, 5), ("later", 600, 600), ("never", 10**9, 24 * 3600)):
        id = world.add(title, site=f"{title}.example")
        assert world.take() == title
        download = world.get(id)
        assert download
        failure = Failure(FailureKind.TEMPORARY, "The site is busy.", retry_after_s=asked_s)
        outcome.failed(world.services, download, failure, 0)
        download = world.get(id)
        assert download
        assert download.retry_at
        assert (download.retry_at - now()).total_seconds() == pytest.approx(wait_s, abs=3)
