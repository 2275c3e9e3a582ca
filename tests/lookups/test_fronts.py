"""Small covers beside the candidates: fetched by us when somebody looks, and kept as long as these."""

import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image

from app.db import Database
from app.lookups import fronts
from app.lookups.candidates import Candidate
from app.lookups.coverart import SMALL_PX
from app.lookups.desk import Desk
from app.tags.model import Tags
from tests.lookups.conftest import settings_for
from tests.lookups.fakes import NONSENSE, Fakes, mbid, recordings, release
from tests.lookups.test_desk import age
from tests.lookups.test_page import Page, answered, fetch, installed, rival, signed_in
from tests.lookups.test_services import picture
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for

Make = Callable[..., Desk]


def on(title: str) -> Candidate:
    """A candidate on this release."""
    named = {"title_key": title, "artist_key": "jane roe", "same_names": True, "reason": "MusicBrainz 97 %"}
    return Candidate(
        tags=Tags(title="Harbour", album=title),
        confidence=0.97,
        release_id=mbid(f"release {title} 1999-05-01"),
        group_id=mbid(f"group {title}"),
        **named,  # type: ignore[arg-type]
    )


def front_of(title: str) -> str:
    return f"release/{mbid(f'release {title} 1999-05-01')}"


def known_of(db: Database, *candidates: Candidate) -> list[bool | None]:
    with db.read() as session:
        found = fronts.known(session, candidates)
    return [found.get(fronts.key_of(one)) for one in candidates]


def size_of(jpeg: bytes) -> tuple[str | None, int, int]:
    with Image.open(io.BytesIO(jpeg)) as image:
        return (image.format, *image.size)


def test_they_come_small_in_order_and_once(desk: Desk, db: Database, fakes: Fakes) -> None:
    first, second = on("First"), on("Second")
    fakes.pictures[front_of("First")] = picture(250)
    desk.ask_small_fronts([first, second, on("First")])
    wait_for(lambda: None not in known_of(db, first, second), 10)
    assert known_of(db, first, second) == [True, False]
    with db.read() as session:
        kept = fronts.picture(session, first.release_id)
        assert fronts.picture(session, second.release_id) is None
    assert kept
    assert size_of(kept) == ("JPEG", SMALL_PX, SMALL_PX)
    asked = [one.path for one in fakes.asked("coverart")]
    group = f"release-group/{second.group_id}/front-250"
    assert asked == [f"{front_of('First')}/front-250", f"{front_of('Second')}/front-250", group]
    desk.ask_small_fronts([first, second])
    desk.ask_small_fronts([third := on("Third")])
    wait_for(lambda: known_of(db, third) == [False], 10)
    assert [one.path for one in fakes.asked("coverart")][:3] == asked
    assert len(fakes.asked("coverart")) == 5


def test_one_that_came_large_for_a_file_is_not_fetched_again_to_be_looked_at(
    desk: Desk, db: Database, fakes: Fakes
) -> None:
    fakes.pictures[front_of("First")] = picture(800)
    assert desk.front(on("First"))
    assert known_of(db, on("First")) == [True]
    assert len(fakes.asked("coverart")) == 1


def test_what_is_no_picture_or_did_not_come_is_not_known(desk: Desk, db: Database, fakes: Fakes) -> None:
    fakes.pictures[front_of("First")] = b"<html>no picture</html>"
    fakes.pictures[front_of("Third")] = picture(250)
    desk.ask_small_fronts([on("First"), on("Third")])
    wait_for(lambda: known_of(db, on("Third")) == [True], 10)
    assert known_of(db, on("First")) == [None]
    fakes.spoil(NONSENSE, service="coverart")
    desk.ask_small_fronts([on("Fourth")])
    wait_for(lambda: len(fakes.asked("coverart")) == 3, 10)
    assert known_of(db, on("Fourth")) == [None]


def test_they_are_kept_for_a_month_and_that_there_is_none_for_a_day(
    desk: Desk, db: Database, fakes: Fakes
) -> None:
    fakes.pictures[front_of("First")] = picture(250)
    both = on("First"), on("Second")
    desk.ask_small_fronts(both)
    wait_for(lambda: None not in known_of(db, *both), 10)
    age(db, timedelta(days=29))
    assert known_of(db, *both) == [True, None]
    age(db, timedelta(days=31))
    assert known_of(db, *both) == [None, None]
    with db.read() as session:
        assert fronts.picture(session, both[0].release_id) is None


def test_nobody_is_asked_for_them_unless_the_archive_is_switched_on(
    make_desk: Make, db: Database, fakes: Fakes
) -> None:
    desk = make_desk(settings_for(fakes, lookups=("musicbrainz",)))
    done: list[str] = []
    desk.in_turn(lambda: done.append("later"))
    wait_for(lambda: done, 10)
    desk.ask_small_fronts([on("First")])
    desk.in_turn(lambda: done.append("last"))
    wait_for(lambda: len(done) == 2, 10)
    assert fakes.asked("coverart") == []


@pytest.fixture(scope="module")
def shared() -> Iterator[Fakes]:
    with Fakes() as running:
        yield running


@pytest.fixture(scope="module")
def inlay(shared: Fakes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with installed(tmp_path_factory.mktemp("fronts"), shared) as running:
        running.add_user("alice", admin=True)
        running.add_user("bob")
        yield running.start(seconds=120)


@pytest.fixture(scope="module")
def browser(inlay: Inlay) -> Iterator[httpx.Client]:
    with signed_in(inlay) as client:
        yield client


def covers(page: Page) -> list[str]:
    """Where the candidates' covers are; empty for a place without one."""
    shown = re.findall(r'<img class="thumb"[^>]*>|<span class="thumb"', page.candidates)
    assert all('alt=""' in one and 'loading="lazy"' in one for one in shown if "<img" in one)
    assert all('width="56" height="56"' in one for one in shown if "<img" in one)
    return [(re.findall('src="([^"]*)"', one) or [""])[0] for one in shown]


def test_the_page_shows_them_a_moment_later_and_only_to_whom_the_download_is(
    inlay: Inlay, browser: httpx.Client, site: MediaSite, shared: Fakes
) -> None:
    one, other = rival("Quay")
    releases = [{**one, "releases": [release("Quay Songs")]}, {**other, "releases": [release("Night Quay")]}]
    shared.musicbrainz = recordings(*releases)
    shared.pictures[front_of("Quay Songs")] = picture(400)
    page = answered(browser, id := fetch(inlay, site, "Quay"))
    assert sorted(map(bool, covers(page))) == [False, True], "a place is kept for the one without"
    (src,) = filter(None, covers(page))
    assert src == f"/downloads/{id}/candidates/cover?of={mbid('release Quay Songs 1999-05-01')}"
    answer = browser.get(src)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert size_of(answer.content) == ("JPEG", SMALL_PX, SMALL_PX)
    assert len(answer.content) < 20_000
    assert "private" in answer.headers["cache-control"]
    place = src.partition("=")[0]
    for of in ("", mbid("release Night Quay 1999-05-01"), mbid("release of another 1999-05-01"), "%00"):
        assert browser.get(f"{place}={of}").status_code == 404
    login = {"name": "bob", "password": PASSWORD}
    with httpx.Client(base_url=inlay.url, headers={"Origin": inlay.url}, follow_redirects=True) as bob:
        bob.post("/login", data=login)
        assert bob.get(src).status_code == 404
    page.press("candidate", use=page.uses[0])
    assert len(covers(page)) == 2


def test_a_page_that_is_open_gets_them_without_being_loaded_again(
    inlay: Inlay, browser: httpx.Client, site: MediaSite, shared: Fakes
) -> None:
    rivals = [{**one, "releases": [release("Mole Songs")]} for one in rival("Mole")]
    shared.musicbrainz = recordings(*rivals)
    shared.pictures[front_of("Mole Songs")] = picture(400)
    page = Page(browser, fetch(inlay, site, "Mole"))
    assert not all(covers(page) or [""])

    def come() -> bool:
        if (answer := page.poll()).status_code == 200:
            page.text = page.text.replace(page.candidates, answer.text)
        return bool(covers(page)) and all(covers(page))

    wait_for(come, 25, every=0.5)
    assert "hx-get" not in page.candidates


def test_without_the_archive_there_is_no_place_for_covers(
    tmp_path: Path, site: MediaSite, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(*rival("Groyne"))
    with installed(tmp_path, fakes, lookups="musicbrainz") as without:
        without.add_user("alice", admin=True)
        without.start(seconds=120)
        with signed_in(without) as browser:
            page = answered(browser, id := fetch(without, site, "Groyne"))
            assert len(page.uses) == 2
            assert covers(page) == []
            key = mbid("release Harbour Songs 1999-05-01")
            assert browser.get(f"/downloads/{id}/candidates/cover?of={key}").status_code == 404
    assert fakes.asked("coverart") == []
