"""Hundreds of hostile titles on every page, in a real browser: all of them stay text."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from app.accounts import sessions
from app.accounts.model import LoginSession, Scope, User
from app.db import Database, now
from app.downloads.model import Conversion, Download, StagedTrack, State
from app.library.model import Track
from app.tags.model import EDITABLE, Proposal, Suggestion, Tags
from tests.browser.driving import DESKTOP, Browsing, Person, Troubles, join
from tests.browser.hostile import CORPUS
from tests.browser.traces import FETCH, SENTINEL, TRACES
from tests.media.audio import make
from tests.route_table import all_routes
from tests.running import Inlay
from tests.two_people import QUALITY

pytestmark = pytest.mark.browser

# A database keeps no half characters; those come by requests, which tests/odd_requests.py makes.
TEXTS = [text.encode("utf-8", "replace").decode() for text in CORPUS]
INBOX = [State.REVIEW, State.FAILED, State.REVIEW, State.FAILED, State.QUEUED, State.PROBING]
INBOX += [State.REVIEW, State.FAILED, State.DOWNLOADING, State.FINALIZING, State.DONE]
HISTORY = [State.DONE, State.SKIPPED, State.CANCELLED, State.DISCARDED]
FILES = ("/file", "/cover", "/static/{name}")
ADMINS = ("/settings/naming", "/library/rename")
"""Pages that begin so are an admin's: Alice is one."""


@dataclass
class Scene:
    """A running Inlay full of hostile rows. Two people, since an inbox shows 200 cards at most."""

    inlay: Inlay
    people: list[Person]
    reviews: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Inlay(tmp_path_factory.mktemp("hostile")) as inlay:
        # No worker: the rows stay in the states in which they are written.
        inlay.start(command="web", seconds=90)
        made = Scene(inlay, [join(inlay, name) for name in ("alice", "bob", TEXTS[0], '"><b hx-get=/pwned>')])
        db = Database(inlay.data / "inlay.db")
        with db.write() as session:
            users = {user.name: user.id for user in session.query(User)}
            mine, others = users["alice"], users["bob"]
            session.get_one(User, mine).is_admin = True
            half = len(TEXTS) // 2
            for number, (text, state) in enumerate(zip(TEXTS, cycle(INBOX), strict=False)):
                session.add(_download(number, mine if number < half else others, state, [text] * 8))
            for number, (text, state) in enumerate(zip(TEXTS, cycle(HISTORY), strict=False)):
                session.add(_download(1000 + number, mine, state, [text] * 8, days=3))
            for number, texts in enumerate(by(8)):
                row = _download(2000 + number, others, State.REVIEW, texts)
                session.add(row)
                session.flush()
                made.reviews.append(row.id)
            for number, text in enumerate(TEXTS):
                session.add(_track(number, text))
                sessions.create_token(session, mine, Scope.SUBMIT, text)
                session.add(
                    LoginSession(
                        user_id=mine,
                        token_hash=f"{number}",
                        device=text,
                        expires_at=now() + timedelta(days=3),
                    )
                )
        db.close()
        for id in made.reviews[:2]:
            (inlay.staging / id).mkdir(parents=True)
            shutil.copyfile(make("mp3", 2), inlay.staging / id / "source.mp3")
        yield made


def _download(number: int, user_id: int, state: State, texts: list[str], days: int = 0) -> Download:
    """A download whose every word comes from `texts`: tags, reasons, link, site, failure, path."""
    title, *_ = texts
    fields = {
        name: Suggestion(value=value, reason=reason, confidence=number % 2)
        for name, value, reason in zip(EDITABLE, cycle(texts), cycle(reversed(texts)), strict=False)
    }
    ended = state not in (State.QUEUED, State.PROBING, State.DOWNLOADING, State.REVIEW, State.FINALIZING)
    bare = state in (State.QUEUED, State.PROBING, State.FAILED) and number % 2
    return Download(
        user_id=user_id,
        url=f"https://music.example/{texts[-1]}",
        url_key=str(number),
        site=texts[-1],
        state=state,
        failure_kind="permanent" if state is State.FAILED else None,
        failure_message=title if state is State.FAILED else None,
        format="mp3",
        conflict="keep_both",
        title=title,
        uploader=texts[-1],
        finished_at=now() - timedelta(days=days) if ended else None,
        tracks=[]
        if bare
        else [
            StagedTrack(
                proposal=Proposal(fields=fields),
                tags=Tags(title=title, artist=title) if state is State.DONE else None,
                source_file="source.mp3",
                source_quality=QUALITY,
                conversion=Conversion.WAITING,
                path=f"{title}/{texts[-1]}.mp3" if state is State.DONE else None,
            )
        ],
    )


def _track(number: int, text: str) -> Track:
    return Track(
        path=f"{number}/{text}.mp3",
        path_key=f"{number}",
        size_bytes=1,
        mtime_ns=1,
        inode=number,
        title="" if number % 5 == 0 else text,
        artist=text,
        album=text,
        quality=QUALITY,
        error=text if number % 3 == 0 else None,
    )


@dataclass
class Watch:
    """One open page, and all that it asks for."""

    page: Page
    home: str
    expected: set[str] = field(default_factory=set)
    strange: list[str] = field(default_factory=list)

    def note(self, url: str) -> None:
        known = url.startswith(self.home + "/") and "pwned" not in urlsplit(url).path
        if not known and not url.startswith("data:image/") and url not in self.expected:
            self.strange.append(url)

    def visit(self, path: str) -> None:
        """Opens it and looks for traces."""
        self.expected.add(self.home + path)
        self.page.goto(path, wait_until="load")
        self.look(path)

    def look(self, what: str) -> None:
        self.page.wait_for_timeout(60)
        assert self.page.evaluate(TRACES) == [], what
        assert self.strange == [], what

    def names(self, selector: str) -> set[str]:
        return {_plain(text) for text in self.page.locator(selector).all_text_contents()}


def by(number: int) -> Iterator[list[str]]:
    return (TEXTS[start : start + number] for start in range(0, len(TEXTS), number))


def _plain(text: str) -> str:
    """As a page shows it: without NUL, and with one kind of space."""
    return " ".join(text.replace("\0", "").split())


@pytest.fixture
def watch(browser: Browser, scene: Scene, troubles: Troubles) -> Iterator[Any]:
    # A staged file that is not there, and what a page answers to nonsense.
    troubles.expected += ["status of 404", "status of 422", "status of 429"]
    with ExitStack() as open_ones:
        browse = Browsing(browser, scene.inlay, troubles, open_ones)

        def one(person: Person | None) -> Watch:
            made = Watch(browse(person, None, prepare=SENTINEL, **DESKTOP), scene.inlay.url)
            made.page.on("request", lambda request: made.note(request.url))
            return made

        yield one


def test_cards_history_library_and_settings_show_text(scene: Scene, watch: Any) -> None:
    seen = watch(scene.people[0])
    seen.visit("/")
    shown = seen.names(".card .name") | seen.names(".card .state")
    other = watch(scene.people[1])
    other.visit("/")
    shown |= other.names(".card .name") | other.names(".card .state")
    states = set(seen.page.locator(".card").evaluate_all("(cards) => cards.map((it) => it.dataset.state)"))
    assert states >= set(INBOX)
    # Six of eleven are in a state whose card is there for certain; of those just added three are shown.
    assert len({_plain(text) for text in TEXTS} & shown) > 0.8 * len(TEXTS)
    for start in ("/history", "/library"):
        found: set[str] = set()
        path: str | None = start
        while path:
            seen.visit(path)
            to_the_end(seen.page)
            found |= seen.names("main .name") | seen.names("main .state")
            more = seen.page.get_by_role("link", name="Older", exact=True)
            path = more.get_attribute("href") if more.count() else None
        missing = {_plain(text) for text in TEXTS} - found - {_plain(f"{text} · {text}") for text in TEXTS}
        assert len(missing) < 0.2 * len(TEXTS), (start, missing)
    seen.visit("/settings")
    labels = {_plain(" ".join(text.split())[: sessions.LONGEST_LABEL]) for text in TEXTS}
    assert labels - seen.names("#tokens strong") == set()
    assert {_plain(text) for text in TEXTS} - seen.names("#devices strong") == set()


def test_review_pages_show_text_also_while_one_types(scene: Scene, watch: Any) -> None:
    seen = watch(scene.people[1])
    for id in scene.reviews:
        seen.visit(f"/downloads/{id}/review")
        assert seen.page.locator("[data-tag]").count() >= 7
    page = seen.page
    for text in TEXTS[5::80]:
        with page.expect_response(lambda answer: "/path?" in answer.url):
            page.fill("[name=title]", text.replace("\0", ""))
        seen.look(text)
    page.locator("#finalize").click()
    page.wait_for_load_state()
    seen.look("the form that came back")
    id = scene.reviews[0]
    typed = [dict(zip(("title", "artist", "album"), texts, strict=False)) for texts in by(3)]
    swap_in(seen, [f"/downloads/{id}/path?{urlencode(fields)}" for fields in typed])


def test_what_a_link_hands_in_is_text(scene: Scene, watch: Any) -> None:
    seen = watch(scene.people[2])
    seen.visit("/history")
    for url, title in list(zip(TEXTS[9:], TEXTS, strict=False))[::18]:
        seen.visit(f"/add?{urlencode({'url': url, 'title': title})}")
    swap_in(seen, [f"/library?{urlencode({'q': text, 'before': text})}" for text in TEXTS[1::10]])


def to_the_end(page: Page) -> None:
    """An endless list goes on when its end comes into view."""
    while (more := page.locator(".more:visible")).count():
        seen = page.locator(".page").count()
        more.scroll_into_view_if_needed()
        expect(page.locator(".page")).not_to_have_count(seen)


def swap_in(seen: Watch, paths: list[str]) -> None:
    """What these paths answer, put into the page by htmx itself, which would run what a page load runs."""
    seen.page.evaluate("document.querySelector('main').innerHTML = '<div id=scene></div>'")
    assert seen.page.evaluate(FETCH, paths) == []
    assert seen.page.locator("#scene > *").count()
    seen.look(paths[0])


def test_every_page_that_there_is_shows_text(
    scene: Scene, watch: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From the route table: a new page is looked at without being named here."""
    names = {"id": scene.reviews[0], "name": "look.css", "path": "openapi.json"}
    words = "q before url title next seen lane as size state site page".split()
    pages = [
        route
        for route in all_routes(tmp_path_factory.mktemp("routes"))
        if "GET" in route.takes and not route.is_api and not route.template.endswith(FILES)
    ]
    assert len(pages) >= 10
    anybody, admin = watch(scene.people[1]), watch(scene.people[0])
    for number, route in enumerate(pages):
        query = urlencode(dict(zip(words, TEXTS[number * len(words) :], strict=False)))
        seen = admin if route.template.startswith(ADMINS) else anybody
        seen.visit(f"{route.path(names)}?{query}")
    for person in scene.people[2:]:
        # Whose own name is hostile.
        watch(person).visit("/settings")
    seen = watch(None)
    for text in TEXTS[::50]:
        seen.visit(f"/{quote(text, safe='')}")
    page = seen.page
    for text in TEXTS[7::100]:
        seen.visit(f"/login?next={quote(text, safe='')}")
        page.fill("[name=name]", text[:60])
        page.fill("[name=password]", text)
        page.locator("form.inlay button").click()
        page.wait_for_load_state()
        seen.look(text)
