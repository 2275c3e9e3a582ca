"""Candidates on the review page of a running Inlay: they come a moment later, are applied and taken back."""

import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from app.tags.containers import read
from tests.lookups import fakes as moods
from tests.lookups.fakes import Fakes, Mood, mbid, recording, recordings, release, words
from tests.lookups.test_services import picture
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for

SECONDS = 8
TRACK = {"artist": "Jane Roe", "upload_date": "2023-04-05"}


class Page:
    """A review page as a browser without JavaScript sees it: its fields, and its buttons."""

    def __init__(self, browser: httpx.Client, id: str) -> None:
        self.browser, self.id = browser, id
        self.text = ""
        self.load()

    def load(self) -> "Page":
        return self._is(self.browser.get(f"/downloads/{self.id}/review"))

    def press(self, what: str, use: str = "", **typed: str) -> "Page":
        form = {**self.values, **typed, **({"use": use} if use else {})}
        return self._is(self.browser.post(f"/downloads/{self.id}/{what}", data=form))

    def _is(self, answer: httpx.Response) -> "Page":
        assert answer.status_code == 200, answer.text
        self.text = answer.text
        return self

    @property
    def values(self) -> dict[str, str]:
        form = self.text[self.text.index('id="review"') :]
        tags = re.findall(r"<input (?!type=.checkbox)[^>]*>", form[: form.index("</form>")])
        found = [(re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in tags]
        return {name[1]: value[1] for name, value in found if name and value}

    @property
    def fields(self) -> dict[str, str]:
        return {name: self.values[name] for name in ("title", "artist", "album", "date", "track_no", "genre")}

    @property
    def candidates(self) -> str:
        found = re.search(r'<section id="candidates".*?</section>', self.text, re.DOTALL)
        return found[0] if found else ""

    @property
    def uses(self) -> list[str]:
        return re.findall(r'name="use" value="([^"]*)"', self.candidates)

    def poll(self, **typed: str) -> httpx.Response:
        address = re.search(r'hx-get="([^"]*candidates[^"]*)"', self.candidates)
        assert address, self.candidates
        query = urlencode({**self.fields, **typed})
        return self.browser.get(f"{address[1].replace('&amp;', '&')}&{query}")


def known(title: str, longer_s: int = 0, **more: Any) -> dict[str, Any]:
    return recording(title, length_ms=(SECONDS + longer_s) * 1000, **more)


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    with Fakes() as running:
        yield running


def installed(home: Path, fakes: Fakes, **more: str) -> Inlay:
    given = {
        "lookups": "musicbrainz,coverart,lrclib",
        "contact": "me@example.org",
        **fakes.settings,
        **more,
    }
    return Inlay(home, **given)


@pytest.fixture(scope="module")
def inlay(fakes: Fakes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with installed(tmp_path_factory.mktemp("inlay"), fakes) as running:
        running.add_user("alice", admin=True)
        yield running.start(seconds=120)


@pytest.fixture(scope="module")
def off(fakes: Fakes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """The same without lookups."""
    with installed(tmp_path_factory.mktemp("off"), fakes, lookups="", contact="") as running:
        running.add_user("alice", admin=True)
        yield running.start(seconds=120)


@contextmanager
def signed_in(inlay: Inlay) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=inlay.url, timeout=20, follow_redirects=True, headers={"Origin": inlay.url}
    ) as client:
        assert client.post("/login", data={"name": "alice", "password": PASSWORD}).status_code == 200
        yield client


@pytest.fixture(scope="module")
def browser(inlay: Inlay) -> Iterator[httpx.Client]:
    with signed_in(inlay) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_is_wrong(fakes: Fakes) -> Iterator[None]:
    yield
    fakes.next.clear()
    fakes.always.clear()
    fakes.musicbrainz = recordings()
    fakes.found_words = []
    fakes.pictures.clear()


_numbers = iter(range(1000))

Fetched = Callable[..., str]


@pytest.fixture
def fetched(inlay: Inlay, site: MediaSite) -> Fetched:
    """Hands in a track of its own name and waits for its review."""

    def one(title: str, **more: Any) -> str:
        return fetch(inlay, site, title, **more)

    return one


def fetch(inlay: Inlay, site: MediaSite, title: str, **more: Any) -> str:
    # A name of its own each time: what was asked once is not asked again.
    name = f"{title}-{next(_numbers)}".replace(" ", "-")
    id = inlay.submit(site.track(name, make("mp3", SECONDS), title=title, **{**TRACK, **more}))
    assert inlay.rest(id, 120)["state"] == "review"
    return id


def answered(browser: httpx.Client, id: str) -> Page:
    """The page when the services have been asked."""
    page = Page(browser, id)

    def ready() -> bool:
        return "hx-get" not in page.load().candidates and bool(page.candidates)

    wait_for(ready, 60)
    return page


def rival(title: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two recordings that fit nearly alike and are not the same: nothing is chosen by itself."""
    return known(title, 7), known(f"{title} at Night")


def large(fakes: Fakes) -> list[str]:
    """What the archive was asked for to be put into a file, not only to be looked at."""
    return [one.path for one in fakes.asked("coverart") if one.path.endswith("/front-1200")]


def late(*found: dict[str, Any]) -> Mood:
    """A good answer that comes after the page."""
    return Mood(hang_s=5, body=moods._json(recordings(*found)).body)


def test_candidates_come_a_moment_later_with_confidence_and_what_they_change(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.spoil(late(*rival("Slow Harbour")))
    page = Page(browser, fetched("Slow Harbour"))
    answer = wait_for(lambda: (a := page.poll()).status_code == 200 and "Use" in a.text and a, 20)
    assert "MusicBrainz" in answer.text
    assert "%" in answer.text
    assert "7 s longer" in answer.text
    assert re.search(r"<dt>Album</dt><dd[^>]*><ins>Harbour Songs</ins>", answer.text)
    assert re.search(r"<dt>Date</dt><dd[^>]*><del>2023-04-05</del> <ins>1999-05-01</ins>", answer.text)
    assert answer.text.count("<section") == 1


def test_one_tap_applies_a_candidate_and_one_takes_it_back(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(*rival("Pier"))
    page = answered(browser, fetched("Pier"))
    before = page.fields
    assert before["album"] == ""
    first = page.uses[0]
    page.press("candidate", use=first, genre="Shanty")
    assert page.fields["album"] == "Harbour Songs"
    assert page.fields["date"] == "1999-05-01"
    assert page.fields["genre"] == "Shanty"
    assert "Used: " in page.candidates
    assert first not in page.uses
    # It is kept: a reload shows the same.
    assert page.load().fields["album"] == "Harbour Songs"
    page.press("candidate/back", title="My Pier")
    assert page.fields == {**before, "genre": "Shanty", "title": "My Pier"}
    assert "Used: " not in page.candidates
    assert first in page.uses
    assert page.load().fields == {**before, "genre": "Shanty", "title": "My Pier"}


def test_another_candidate_takes_the_place_of_the_first(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    one, other = rival("Jetty")
    other["releases"] = []
    fakes.musicbrainz = recordings(one, other)
    page = answered(browser, fetched("Jetty"))
    before = page.fields
    page.press("candidate", use=one["id"])
    page.press("candidate", use=other["id"])
    assert (page.fields["title"], page.fields["album"]) == ("Jetty at Night", before["album"])
    page.press("candidate/back")
    assert page.fields == before


def test_the_sure_one_is_applied_by_itself_and_the_page_says_so(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(known("Lighthouse"))
    page = answered(browser, id := fetched("Lighthouse"))
    assert page.fields == {
        "title": "Lighthouse",
        "artist": "Jane Roe",
        "album": "Harbour Songs",
        "date": "1999-05-01",
        "track_no": "3",
        "genre": "",
    }
    assert "Filled in by itself" in page.candidates
    assert "MusicBrainz 99 %" in page.candidates
    assert re.search(r'id="why-album">\s*MusicBrainz 99 % · <b>sure', page.text)
    page.press("candidate/back")
    assert page.fields["album"] == ""
    assert page.fields["date"] == "2023-04-05"
    # Once taken back it stays away, whoever asks again.
    time.sleep(0.5)
    assert page.load().fields["album"] == ""
    assert id in page.text


@pytest.mark.parametrize("how", ["rival", "far", "other"])
def test_nothing_is_applied_by_itself_when_in_doubt(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes, how: str
) -> None:
    title = f"Doubt {how}"
    if how == "rival":
        # As sure, as long, and somebody else's.
        fakes.musicbrainz = recordings(known(title), known(title, artist="Jane Roe & The Gulls"))
        fakes.musicbrainz["recordings"][1]["title"] = f"{title} (Live)"
        fakes.musicbrainz["recordings"][0]["length"] = None
    elif how == "far":
        fakes.musicbrainz = recordings(known(title, 6))
    else:
        fakes.musicbrainz = recordings(known(f"{title} (Live)"))
    page = answered(browser, fetched(title))
    assert page.uses
    assert page.fields["album"] == ""
    assert "by itself" not in page.candidates


def test_an_open_page_takes_the_choice_over_only_where_nobody_typed(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.spoil(late(known("Quay")))
    page = Page(browser, fetched("Quay"))
    assert "Asking" in page.candidates

    def filled(**typed: str) -> str:
        return str(wait_for(lambda: (a := page.poll(**typed)).status_code == 200 and a.text, 20))

    wait_for(lambda: "data-fill" in page.poll().text, 20)
    assert "Filled in by itself" in filled()
    typed = filled(genre="Shanty")
    assert "data-fill" not in typed
    assert "by itself" not in typed
    assert 'name="use"' in typed
    # What was typed is confirmed as it was seen, whatever was chosen behind it.
    api = page.browser.post(f"/downloads/{page.id}/review", data={**page.values, "genre": "Shanty"})
    assert api.status_code == 200


def test_the_cover_comes_with_the_candidate_and_goes_with_it(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(known("Anchor"))
    page = answered(browser, id := fetched("Anchor", thumbnail=None))
    page.press("candidate/back")
    assert browser.get(f"/downloads/{id}/cover").status_code == 404
    fakes.pictures[f"release/{mbid('release Harbour Songs 1999-05-01')}"] = picture(800)
    page.press("candidate", use=page.uses[0])
    wait_for(lambda: browser.get(f"/downloads/{id}/cover").status_code == 200, 20)
    wait_for(lambda: 'id="cover" src' in page.load().text, 20)
    page.press("candidate/back")
    assert browser.get(f"/downloads/{id}/cover").status_code == 404
    assert "no cover" in page.text


def test_a_rule_that_leaves_the_cover_out_is_overruled_by_a_tap_alone(
    inlay: Inlay, browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(known("Breakwater", releases=[release("Breakers")]))
    front = f"release/{mbid('release Breakers 1999-05-01')}"
    fakes.pictures[front] = picture(800)
    rule = {"kind": "crop", "value": "none", "site": "127.0.0.1", "channel": "Salt Tapes"}
    with inlay.api() as api:
        made = api.put("/rules", json=rule).json()
    page = answered(browser, fetched("Breakwater", uploader="Salt Tapes", thumbnail=(600, 600)))
    assert "Filled in by itself" in page.candidates
    assert "no cover" in page.text
    assert f"rule-{made['id']}" in page.text
    assert not [path for path in large(fakes) if path.startswith(front)]
    page.press("candidate/back")
    page.press("candidate", use=page.uses[0])
    wait_for(lambda: 'id="cover" src' in page.load().text, 20)
    page.press("candidate/back")
    assert "no cover" in page.text
    with inlay.api() as api:
        assert api.delete(f"/rules/{made['id']}").status_code == 204


def test_a_cover_that_was_chosen_meanwhile_stays_and_the_archive_is_asked_once(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    rivals = [{**one, "releases": [release("Meanwhile Songs")]} for one in rival("Meanwhile")]
    fakes.musicbrainz = recordings(*rivals)
    before = len(large(fakes))
    page = answered(browser, fetched("Meanwhile", thumbnail=(600, 600)))
    # For the workbench: neither the release nor its group has a picture yet.
    wait_for(lambda: len(large(fakes)) == before + 2, 20)
    slow = Mood(hang_s=3, headers={"Content-Type": "image/jpeg"}, body=picture(800))
    fakes.spoil(slow, service="coverart")
    before = len(large(fakes))
    page.press("candidate", use=page.uses[0])
    page.press("cover/choose", **{"from": "none"})
    wait_for(lambda: len(large(fakes)) > before, 20)
    time.sleep(4)
    asked = len(large(fakes))
    for _ in range(3):
        assert "no cover" in page.load().text
        time.sleep(0.5)
    assert len(large(fakes)) == asked


def test_the_archives_picture_is_a_tile_before_anything_is_used_and_is_fetched_once(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    front = f"release/{mbid('release Slipway Songs 1999-05-01')}"
    fakes.pictures[front] = picture(800)
    rivals = [{**one, "releases": [release("Slipway Songs")]} for one in rival("Slipway")]
    fakes.musicbrainz = recordings(*rivals)
    page = answered(browser, id := fetched("Slipway", thumbnail=(600, 600)))
    cover = browser.get(f"/downloads/{id}/cover").content
    bench = f"/downloads/{id}/cover/bench?opened=tiles"
    wait_for(lambda: "Cover Art Archive" in browser.get(bench).text, 20)
    assert browser.get(f"/downloads/{id}/cover?of=archive").status_code == 200
    assert browser.get(f"/downloads/{id}/cover").content == cover, "nobody has chosen it"
    page.press("candidate", use=page.uses[0])
    wait_for(lambda: browser.get(f"/downloads/{id}/cover").content != cover, 20)
    page.press("candidate/back")
    assert browser.get(f"/downloads/{id}/cover").content == cover
    assert "Cover Art Archive" in browser.get(bench).text
    page.press("cover/choose", **{"from": "archive"})
    assert browser.get(f"/downloads/{id}/cover").content != cover
    assert len([one for one in fakes.asked("coverart") if one.path.startswith(front)]) == 1


def test_ids_of_the_applied_candidate_go_into_the_file(
    inlay: Inlay, browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    one = known("Capstan")
    fakes.musicbrainz = recordings(one)
    page = answered(browser, id := fetched("Capstan"))
    browser.post(f"/downloads/{id}/review", data={**page.values, "album": "Harbour Songs"})
    tags = read(inlay.library / inlay.done(id, 90)["path"]).tags
    assert tags.recording_id == one["id"]
    assert tags.release_id == mbid("release Harbour Songs 1999-05-01")
    assert tags.group_id == mbid("group Harbour Songs")
    assert (tags.artist_ids, tags.isrc) == (mbid("Jane Roe"), "GBAAA9900001")

    fakes.musicbrainz = recordings(known("Winch"))
    page = answered(browser, id := fetched("Winch"))
    browser.post(f"/downloads/{id}/review", data={**page.values, "album": "Mine"})
    tags = read(inlay.library / inlay.done(id, 90)["path"]).tags
    assert (tags.album, tags.release_id, tags.group_id) == ("Mine", "", "")
    assert tags.recording_id

    page = answered(browser, id := fetched("Winch"))
    browser.post(f"/downloads/{id}/review", data={**page.values, "title": "Another Song"})
    assert read(inlay.library / inlay.done(id, 90)["path"]).tags.recording_id == ""


def test_lyrics_are_one_tap_into_their_field(
    inlay: Inlay, browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.found_words = [words(trackName="Shanty", duration=SECONDS)]
    page = answered(browser, id := fetched("Shanty"))
    assert "LRCLIB, with times" in page.candidates
    page.press("candidate/lyrics")
    assert "LRCLIB" not in page.candidates
    assert "Boats at night\nGulls by day</textarea>" in page.text
    assert "[00:12.34]Boats at night" in page.text.replace("] ", "]")
    browser.post(
        f"/downloads/{id}/review",
        data={**page.values, "lyrics": "Boats at night\r\nGulls by day", "lyrics_synced": "[00:12.34] Boats"},
    )
    tags = read(inlay.library / inlay.done(id, 90)["path"]).tags
    assert tags.lyrics == "Boats at night\nGulls by day"
    assert tags.lyrics_synced


def test_a_draft_of_the_page_from_before_a_tap_comes_too_late(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(known("Tardy", 7))
    page = answered(browser, fetched("Tardy"))
    old = page.values
    page.press("candidate", use=page.uses[0])
    new = page.values
    assert new["candidate"]
    assert browser.post(f"/downloads/{page.id}/draft", data={**old, "genre": "Late"}).status_code == 204
    assert page.load().values == new
    # One of the page as it is now is kept.
    assert browser.post(f"/downloads/{page.id}/draft", data={**new, "genre": "Shanty"}).status_code == 204
    assert page.load().fields == {**page.fields, "album": "Harbour Songs", "genre": "Shanty"}
    page.press("candidate/back")
    assert browser.post(f"/downloads/{page.id}/draft", data=new).status_code == 204
    assert page.load().fields["album"] == ""


def test_nothing_is_chosen_for_somebody_who_has_typed(
    browser: httpx.Client, fetched: Fetched, fakes: Fakes
) -> None:
    fakes.spoil(late(known("Early Bird")))
    page = Page(browser, fetched("Early Bird"))
    assert "Asking" in page.candidates
    assert browser.post(f"/downloads/{page.id}/draft", data={**page.values, "genre": "Shanty"}).is_success
    page = answered(browser, page.id)
    assert (page.fields["album"], page.fields["genre"]) == ("", "Shanty")
    assert "by itself" not in page.candidates
    assert page.uses


def test_what_nobody_knows_is_said_in_few_words(browser: httpx.Client, fetched: Fetched) -> None:
    page = answered(browser, fetched("Unheard Of"))
    assert "No match found." in page.candidates
    assert "hx-trigger" not in page.candidates


def test_a_page_stops_asking_after_half_a_minute(browser: httpx.Client, fetched: Fetched) -> None:
    page = Page(browser, fetched("Late"))
    late = browser.get(f"/downloads/{page.id}/candidates?until=1&seen=x")
    assert late.status_code == 200
    assert "hx-trigger" not in late.text


def test_a_candidate_that_is_not_known_is_refused_in_a_sentence(
    browser: httpx.Client, fetched: Fetched
) -> None:
    page = answered(browser, fetched("Nobody"))
    answer = browser.post(f"/downloads/{page.id}/candidate", data={**page.values, "use": mbid("nothing")})
    assert answer.status_code == 409
    assert "not known any more" in answer.text


def test_without_lookups_nothing_of_it_is_there(off: Inlay, fakes: Fakes, site: MediaSite) -> None:
    with signed_in(off) as browser:
        page = Page(browser, fetch(off, site, "Plain"))
        assert page.candidates == ""
        assert "candidates" not in re.sub(r"<script[^>]*>", "", page.text)
        answer = browser.get(f"/downloads/{page.id}/candidates")
        assert "hx-trigger" not in answer.text
        assert page.fields["title"] == "Plain"
    assert not [one for one in fakes.requests if "Plain" in str(one.query)]


@pytest.mark.parametrize(
    "mood", [moods.SILENT, moods.busy("600"), moods.NONSENSE], ids=["silent", "busy", "nonsense"]
)
def test_with_every_service_down_the_page_is_as_fast_as_without_lookups(
    tmp_path: Path, off: Inlay, fakes: Fakes, site: MediaSite, mood: Mood
) -> None:
    fakes.down(mood)
    with ExitStack() as stack:
        on = stack.enter_context(installed(tmp_path, fakes))
        on.add_user("alice", admin=True)
        on.start(seconds=120)
        pages = []
        for one in (on, off):
            id = fetch(one, site, "Ratio")
            pages.append((stack.enter_context(signed_in(one)), f"/downloads/{id}/review"))
        if mood is not moods.SILENT:
            page = answered(pages[0][0], pages[0][1].split("/")[2])
            assert "MusicBrainz could not be reached." in page.candidates
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(40):
            for (browser, address), taken in zip(pages, times, strict=True):
                began = time.perf_counter()
                assert browser.get(address).status_code == 200
                taken.append(time.perf_counter() - began)
        with_them, without = map(statistics.median, times)
        print(f"{mood}: {1000 * with_them:.1f} ms with, {1000 * without:.1f} ms without")
        assert with_them < 1.6 * without
        assert max(times[0]) < 5 * max(times[1]) + 0.5


def test_page_and_worker_may_be_two_processes(tmp_path: Path, fakes: Fakes, site: MediaSite) -> None:
    fakes.musicbrainz = recordings(known("Far Apart"))
    fakes.pictures[f"release/{mbid('release Harbour Songs 1999-05-01')}"] = picture(800)
    with installed(tmp_path, fakes) as apart:
        apart.add_user("alice", admin=True)
        apart.start(seconds=120, command="web")
        worker = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            env=apart.environment,
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=apart.log.open("a"),
            text=True,
        )
        try:
            assert worker.stdout
            assert worker.stdout.readline() == "Inlay's worker is running.\n"
            with signed_in(apart) as browser:
                page = answered(browser, fetch(apart, site, "Far Apart"))
                assert page.fields["album"] == "Harbour Songs"
                wait_for(lambda: browser.get(f"/downloads/{page.id}/cover").status_code == 200, 20)
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(10) == 0
