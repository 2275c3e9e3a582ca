"""The lookups' desk: takes questions about tracks, works on them in a thread of its own, keeps the answers.

It belongs to the worker. Pages read what it has found out (`found`, `lyrics`) and never wait for it: with
every service down a page takes as long as without lookups.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from contextvars import copy_context
from dataclasses import fields
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.orm import Session

from app.db import Database, now
from app.errors import Failure
from app.lookups import acoustid, coverart, fronts, lrclib, musicbrainz, queries
from app.lookups.autotag import with_opinion
from app.lookups.cache import Cache, read, short
from app.lookups.candidates import Candidate, Question, automatic, rank
from app.lookups.client import DEADLINE_S, GAP_S, Client
from app.lookups.lrclib import Lyrics
from app.lookups.turns import Trouble
from app.settings import Settings
from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard

log = logging.getLogger("inlay.lookups")

T = TypeVar("T")

WAITING = 500
"""Questions at most; a batch that is longer gets its answers when its reviews are opened."""
AGAIN_AFTER = timedelta(minutes=10)
"""When to ask again what a service that was down may know."""
WORDS_FOLLOW = timedelta(seconds=DEADLINE_S + 1)
CONNECT_S = 8.0
_FOUND = "found"


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a question."""

    candidates: tuple[Candidate, ...] = ()
    down: tuple[str, ...] = ()
    """Services that could not be asked."""


def found(session: Session, question: Question) -> Found | None:
    """What is known about this question by now; None: nobody has looked yet, or it is time to look again."""
    row = queries.answer(session, _FOUND, short(question.key))
    kept = read(row, Found) if row else None
    if row is None or kept is None or kept[0] is None:
        return None
    answer = kept[0]
    age = now() - row.fetched_at
    if (answer.down and age > AGAIN_AFTER) or (not answer.candidates and age > timedelta(days=1)):
        return None
    return answer


def lyrics(session: Session, question: Question) -> Lyrics | None:
    """The words, as far as they are known by now."""
    kept = known_words(session, question)
    return kept[0] if kept else None


def words_are_open(session: Session, question: Question) -> bool:
    """Whether somebody is finding out now if there are words: they are asked for right after the rest."""
    row = queries.answer(session, _FOUND, short(question.key))
    just_now = row is not None and now() - row.fetched_at < WORDS_FOLLOW
    return just_now and question.duration_ms is not None and known_words(session, question) is None


def known_words(session: Session, question: Question) -> tuple[Lyrics | None] | None:
    """The answer about its words, which may be that there are none; None: nobody has asked yet."""
    if question.duration_ms is None:
        return None
    key = lrclib.key_of(question.artist, question.title, question.duration_ms)
    row = queries.answer(session, "lrclib", short(key))
    return read(row, Lyrics) if row else None


class Desk:
    """Asks the services in `INLAY_LOOKUPS`, and nobody when it is empty. Its methods are thread-safe."""

    def __init__(
        self, settings: Settings, db: Database, *, gap_s: float = GAP_S, deadline_s: float = DEADLINE_S
    ) -> None:
        self._settings = settings
        self._db = db
        self._cache = Cache(db)
        self._guard = EgressGuard(
            allowed(settings), own_ports={settings.port}, upstream=settings.proxy, connect_s=CONNECT_S
        )
        self._client = Client(settings, self._guard, gap_s=gap_s, deadline_s=deadline_s)
        # The last one first: that is the page that somebody has just opened.
        self._waiting: queue.LifoQueue[Callable[[], object] | None] = queue.LifoQueue()
        self._thread = threading.Thread(target=self._work, name="lookups", daemon=True)
        self._stopping = False

    @property
    def is_open(self) -> bool:
        return bool(self._settings.lookups)

    def start(self) -> None:
        if self.is_open:
            self._guard.start()
            self._thread.start()

    def stop(self) -> None:
        """Cuts what is under way; it is asked again another time."""
        self._stopping = True
        self._client.stop()
        self._guard.stop()
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(5)

    def ask(
        self, question: Question, file: Path | None = None, then: Callable[[Found], object] | None = None
    ) -> None:
        """Find out about this track soon; returns at once. `file` is its audio, to be recognised by sound.

        `then` gets what came of it, in the desk's thread.
        """

        def answer() -> None:
            known = self._find_out(question, file)
            if then and not self._stopping:
                then(known)
            self._look_for_words(question, known)

        self.in_turn(answer)

    def ask_words(self, question: Question) -> None:
        """Find out about its words alone, soon; returns at once. `known_words` tells what came of it."""
        self.in_turn(lambda: self._look_for_words(question, Found()))

    def ask_front(
        self,
        candidate: Candidate,
        then: Callable[[bytes | None], object],
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Fetch the cover of this candidate soon; returns at once. `then` gets it, in the desk's thread.

        `wanted` is asked when its turn has come: it may have been asked for twice.
        """

        def answer() -> None:
            if not wanted():
                return
            picture = self.front(candidate)
            if not self._stopping:
                then(picture)

        self.in_turn(answer)

    def ask_small_fronts(self, candidates: Iterable[Candidate]) -> None:
        """Fetch their covers to look at, soon and in this order, unless they are here; returns at once."""
        distinct = {fronts.key_of(one): one for one in candidates if fronts.key_of(one)}
        # What is put last is done first.
        for one in reversed(distinct.values()):
            self.in_turn(partial(self._small_front, one))

    def in_turn(self, task: Callable[[], object]) -> None:
        """Do this in the desk's thread, one after another."""
        if self.is_open and self._waiting.qsize() < WAITING:
            self._waiting.put(partial(copy_context().run, task))

    def look_up(self, question: Question, file: Path | None = None) -> Found:
        """Find out now: takes a few seconds, and never raises for a service that is down."""
        known = self._find_out(question, file)
        self._look_for_words(question, known)
        return known

    def front(self, candidate: Candidate) -> bytes | None:
        """The cover of this candidate's release: a square JPEG of our own making. Takes some seconds."""
        if "coverart" not in self._settings.lookups:
            return None
        try:
            picture = coverart.front(self._client, candidate.release_id, candidate.group_id)
            if picture and not self._knows_front(candidate):
                self._cache.keep(fronts.SERVICE, fronts.key_of(candidate), coverart.smaller(picture))
            return picture
        except Trouble as trouble:
            log.info("%s", trouble)
            return None

    def _small_front(self, candidate: Candidate) -> None:
        if "coverart" not in self._settings.lookups or self._knows_front(candidate):
            return
        try:
            picture = coverart.small(self._client, candidate.release_id, candidate.group_id)
        except Trouble as trouble:
            log.info("%s", trouble)
            return
        self._cache.keep(fronts.SERVICE, fronts.key_of(candidate), picture)

    def _knows_front(self, candidate: Candidate) -> bool:
        with self._db.read() as session:
            return bool(fronts.known(session, [candidate]))

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None and not self._stopping:
            try:
                task()
            except Exception:
                # Whatever it is: the download knows nothing of it, and the next question is another one.
                log.exception("a lookup failed")

    def _find_out(self, question: Question, file: Path | None) -> Found:
        down: list[str] = []
        with self._db.read() as session:
            known = found(session, question)
        if known is None:
            known = Found(candidates=self._candidates(question, file, down), down=tuple(down))
            if not self._stopping:
                self._cache.keep(_FOUND, question.key, known)
        return known

    def _candidates(self, question: Question, file: Path | None, down: list[str]) -> tuple[Candidate, ...]:
        if "musicbrainz" not in self._settings.lookups:
            return ()
        recordings = self._tried(
            "musicbrainz",
            down,
            lambda: musicbrainz.search(
                self._client,
                self._cache,
                artist=question.artist,
                title=question.title,
                album=question.album,
                duration_ms=question.duration_ms,
            ),
        )
        sounds = self._sounds(question, file, down)
        known = {one.id for one in recordings or ()}
        others = [id for id in sounds if id not in known]
        heard = self._tried(
            "musicbrainz",
            down,
            lambda: musicbrainz.by_ids(self._client, self._cache, others, album=question.album),
        )
        return with_opinion(question, rank(question, (*(recordings or ()), *(heard or ())), sounds))

    def _sounds(self, question: Question, file: Path | None, down: list[str]) -> dict[str, float]:
        duration_ms = question.duration_ms
        if "acoustid" not in self._settings.lookups or file is None or duration_ms is None:
            return {}
        key = self._settings.acoustid_key
        matches = self._tried(
            "acoustid",
            down,
            lambda: acoustid.look_up(self._client, self._cache, key, file, duration_ms),
        )
        return {one.recording_id: one.score for one in matches or ()}

    def _look_for_words(self, question: Question, known: Found) -> None:
        duration_ms, sure = question.duration_ms, automatic(known.candidates)
        if "lrclib" not in self._settings.lookups or duration_ms is None:
            return
        album = question.album or (sure.tags.album if sure else "")
        self._tried(
            "lrclib",
            [],
            lambda: lrclib.look_up(
                self._client,
                self._cache,
                artist=question.artist,
                title=question.title,
                album=album,
                duration_ms=duration_ms,
            ),
        )

    def _tried(self, service: str, down: list[str], ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except (Trouble, Failure) as trouble:
            log.info("%s: %s", service, trouble)
            if service not in down:
                down.append(service)
            return None


def allowed(settings: Settings) -> Allowed:
    """Private addresses that lookups may reach: those named for downloads, and a mirror of the admin's own.

    Whoever sets an address in the environment means it; nothing that comes over the network can. The
    defaults get no such leave: what their names resolve to is a stranger's word.
    """
    defaults = {one.name: one.default for one in fields(Settings)}
    names = ("musicbrainz_url", "coverart_url", "acoustid_url", "lrclib_url")
    mirrors = [
        urlsplit(getattr(settings, name)) for name in names if getattr(settings, name) != defaults[name]
    ]
    return Allowed(*settings.allow_hosts, *(parts.hostname or "" for parts in mirrors))
