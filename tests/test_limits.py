"""Limits for each user: 429 with the seconds to wait, and forgetting downloads does not get round them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.db import now
from app.downloads import limits, usage_queries
from app.downloads.model import Usage
from app.errors import TooMany
from tests.journeys import problem, short_track
from tests.media.site import MediaSite
from tests.queue_world import QueueWorld, queue_world
from tests.running import Inlay


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path / "data", user_queued=3, user_per_day=5, user_bytes_per_day=10_000) as world:
        world.user("alice")
        yield world


def refused(world: QueueWorld, name: str = "alice") -> TooMany | None:
    with world.services.db.write() as session:
        try:
            limits.check(session, world.user(name), world.services.settings)
        except TooMany as error:
            return error
    return None


def use(world: QueueWorld, hours_ago: float, **used: int) -> None:
    with world.services.db.write() as session:
        hour = (now() - timedelta(hours=hours_ago)).replace(minute=0, second=0, microsecond=0)
        amounts = {"downloads": 0, "fetched_bytes": 0, **used}
        session.add(Usage(user_id=world.user("alice"), hour=hour, **amounts))


def test_so_many_may_wait_and_the_others_are_not_counted(world: QueueWorld) -> None:
    for number in range(3):
        world.add(f"bob {number}", user="bob")
    assert refused(world) is None
    for number in range(3):
        world.add(f"alice {number}")
    error = refused(world)
    assert error is not None
    assert error.retry_after_s > 0
    assert "3 of your downloads" in error.message


def test_links_a_day_are_counted_by_the_hour_and_the_oldest_makes_room(world: QueueWorld) -> None:
    use(world, 22, downloads=2)
    use(world, 2, downloads=3)
    error = refused(world)
    assert error is not None
    assert "5 links" in error.message
    assert 3600 < error.retry_after_s <= 2 * 3600 + 1
    assert refused(world, "bob") is None


def test_what_is_older_than_a_day_does_not_count(world: QueueWorld) -> None:
    use(world, 25, downloads=50, fetched_bytes=10**9)
    assert refused(world) is None


def test_hours_to_come_are_from_a_wrong_clock(world: QueueWorld) -> None:
    use(world, -24 * 365, downloads=50)
    assert refused(world) is None


def test_bytes_a_day_have_a_limit(world: QueueWorld) -> None:
    use(world, 1, fetched_bytes=10_000)
    error = refused(world)
    assert error is not None
    assert "fetched for you" in error.message


def test_usage_adds_up_within_the_hour(world: QueueWorld) -> None:
    for _ in range(3):
        with world.services.db.write() as session:
            usage_queries.add(session, world.user("alice"), downloads=1, fetched_bytes=7)
    with world.services.db.read() as session:
        [hour] = usage_queries.last_day(session, world.user("alice"))
    assert (hour.downloads, hour.fetched_bytes) == (3, 21)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with Inlay(tmp_path_factory.mktemp("strict"), user_per_day="2") as running:
        running.add_user("alice", admin=True)
        yield running.start()


def test_a_program_is_told_when_to_come_back_and_forgetting_does_not_help(
    strict: Inlay, site: MediaSite
) -> None:
    for name in ("one", "two"):
        id = strict.submit(short_track(site, name))
        strict.rest(id)
        with strict.api() as api:
            assert api.post(f"/downloads/{id}/discard").status_code == 200
            assert api.delete(f"/downloads/{id}").status_code == 204
    with strict.api() as api:
        answer = api.post("/downloads/url", json={"url": short_track(site, "three")})
        problem(answer, 429, "too_many")
        assert 0 < int(answer.headers["Retry-After"]) <= 24 * 3600
        assert api.get("/downloads").json()["items"] == []
    other = strict.add_user("bob")
    with strict.api(other) as api:
        assert api.post("/downloads/url", json={"url": short_track(site, "three")}).status_code == 202
