"""The desk finds out behind everybody's back, and with every service down nobody notices."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.db import Database, now
from app.lookups import desk as desks
from app.lookups import fingerprint
from app.lookups.candidates import Question, automatic
from app.lookups.desk import Desk, Found
from app.lookups.model import Lookup
from app.settings import Settings
from tests.lookups import fakes as moods
from tests.lookups.conftest import settings_for
from tests.lookups.fakes import Fakes, Mood, acoustid_results, mbid, recording, recordings, words
from tests.lookups.test_services import picture
from tests.media import audio
from tests.running import wait_for

Make = Callable[..., Desk]

ASKED = Question(title="Harbour", artist="Jane Roe", duration_ms=240_000)


def read(db: Database, question: Question = ASKED) -> Found | None:
    with db.read() as session:
        return desks.found(session, question)


def rows(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Lookup)) or 0


def age(db: Database, by: timedelta) -> None:
    with db.write() as session:
        session.execute(update(Lookup).values(fetched_at=now() - by))


def test_a_question_is_answered_a_moment_later(desk: Desk, db: Database, fakes: Fakes) -> None:
    fakes.musicbrainz = recordings(recording("Harbour"))
    fakes.exact_words = words()
    assert read(db) is None
    desk.ask(ASKED)
    found = wait_for(lambda: read(db), 10)
    assert automatic(found.candidates)
    assert found.down == ()

    def sung() -> object:
        with db.read() as session:
            return desks.lyrics(session, ASKED)

    assert wait_for(sung, 10).synced.startswith("[00:12.34]")
    # Of the album that the candidate names.
    assert fakes.asked("lrclib")[0].query["album_name"] == "Harbour Songs"


def test_the_same_question_again_asks_nobody_and_writes_nothing(
    desk: Desk, db: Database, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(recording("Harbour"))
    fakes.exact_words = words()
    first = desk.look_up(ASKED)
    before, asked = rows(db), len(fakes.requests)
    stamps = db.file.with_name("inlay.db-wal").stat().st_mtime_ns
    assert desk.look_up(ASKED) == first
    assert (rows(db), len(fakes.requests)) == (before, asked)
    assert db.file.with_name("inlay.db-wal").stat().st_mtime_ns == stamps


@pytest.mark.parametrize(
    "mood",
    [moods.SILENT, moods.NONSENSE, moods.HUGE, moods.busy("600"), Mood(500)],
    ids="silent nonsense huge busy broken".split(),
)
def test_with_all_of_them_down_nothing_raises_and_the_page_knows(
    make_desk: Make, db: Database, fakes: Fakes, mood: Mood
) -> None:
    desk = make_desk(deadline_s=1.0)
    fakes.down(mood)
    assert desk.look_up(ASKED) == Found(down=("musicbrainz",))
    began = time.monotonic()
    assert read(db) == Found(down=("musicbrainz",))
    for number in range(20):
        desk.look_up(Question(title=f"Song {number}", artist="Jane Roe", duration_ms=1000))
    # They rest: the other questions of a batch cost no time.
    assert time.monotonic() - began < 2.0
    assert len(fakes.requests) <= 3


def test_asking_and_reading_never_wait_for_a_service(make_desk: Make, db: Database, fakes: Fakes) -> None:
    desk = make_desk(deadline_s=3.0)
    fakes.down(moods.SILENT)
    read(db)
    began = time.monotonic()
    for number in range(50):
        question = Question(title=f"Song {number}", artist="Jane Roe", duration_ms=1000)
        desk.ask(question)
        assert read(db, question) is None
    assert time.monotonic() - began < 1.0


def test_what_was_down_is_asked_again_after_a_while(make_desk: Make, db: Database, fakes: Fakes) -> None:
    fakes.spoil(Mood(500))
    make_desk().look_up(ASKED)
    assert read(db)
    age(db, timedelta(minutes=11))
    assert read(db) is None
    fakes.musicbrainz = recordings(recording("Harbour"))
    assert make_desk().look_up(ASKED).candidates


def test_what_nobody_knew_is_asked_again_tomorrow_and_the_rest_next_month(
    desk: Desk, db: Database, fakes: Fakes
) -> None:
    other = Question(title="Gulls", artist="Jane Roe", duration_ms=240_000)
    desk.look_up(other)
    fakes.musicbrainz = recordings(recording("Harbour"))
    desk.look_up(ASKED)
    age(db, timedelta(hours=25))
    assert read(db, other) is None
    assert read(db)
    age(db, timedelta(days=31))
    assert read(db) is None
    desk.look_up(Question(title="Tides", artist="Jane Roe", duration_ms=240_000))
    assert rows(db) <= 3


@pytest.mark.skipif(not fingerprint.is_possible(), reason="fpcalc is not installed")
def test_the_sound_finds_what_the_names_do_not(desk: Desk, fakes: Fakes) -> None:
    heard = recording("Harbour", length_ms=5_000)
    fakes.musicbrainz = recordings()
    fakes.acoustid = acoustid_results((0.98, heard["id"]))
    asked = Question(title="track01", artist="uploader", duration_ms=5_000)
    song = audio.make("mp3")

    def once_heard() -> None:
        fakes.musicbrainz = recordings(heard)

    answer = fakes._good

    def later(request: moods.Request) -> Mood:
        if request.service == "acoustid":
            once_heard()
        return answer(request)

    fakes._good = later  # type: ignore[method-assign]
    [found] = desk.look_up(asked, song).candidates
    assert found.reason == "AcoustID 98 %"
    assert found.tags.title == "Harbour"
    assert automatic([found]) is None
    assert fakes.asked("musicbrainz")[1].query["query"] == f"rid:{heard['id']}"


def test_the_cover_of_a_candidate(desk: Desk, fakes: Fakes) -> None:
    fakes.musicbrainz = recordings(recording("Harbour"))
    [found] = desk.look_up(ASKED).candidates
    assert desk.front(found) is None
    fakes.pictures[f"release/{mbid('release Harbour Songs 1999-05-01')}"] = picture(800)
    cover = desk.front(found)
    assert cover
    assert cover.startswith(b"\xff\xd8")


def test_nobody_is_asked_unless_named_in_the_settings(make_desk: Make, fakes: Fakes) -> None:
    off = make_desk(Settings(**fakes.settings))
    off.ask(ASKED)
    assert not off.is_open
    words_only = make_desk(settings_for(fakes, lookups=("lrclib",)))
    assert words_only.look_up(ASKED, Path("x")) == Found()
    assert {one.service for one in fakes.requests} == {"lrclib"}


def test_a_stop_in_the_middle_takes_no_time(make_desk: Make, fakes: Fakes, db: Database) -> None:
    desk = make_desk(deadline_s=30.0)
    fakes.down(moods.SILENT)
    desk.ask(ASKED)
    wait_for(lambda: fakes.requests, 5)
    began = time.monotonic()
    desk.stop()
    assert time.monotonic() - began < 3.0
    assert read(db) is None
