"""Cookies on the whole way, with real yt-dlp: who is shown them, who is not, and where they never are."""

import shutil
from collections.abc import Iterator
from itertools import count

import pytest

from tests.conftest import Installed
from tests.cookies.people import VALUE, Person, an_hour_ago, export, line
from tests.journeys import problem, short_track
from tests.media.faults import Redirect
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

MEMBER = f"session={VALUE}"
_numbers = count(1)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[MediaSite]:
    """Another site: the same port would not matter to a cookie, the host does."""
    with MediaSite("127.0.0.2") as running:
        yield running


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Iterator[Inlay]:
    settings = {"allow_hosts": "127.0.0.0/8", "retry_delays_s": "0"}
    with Inlay(tmp_path_factory.mktemp("inlay"), **settings) as running:
        shutil.copytree(installed[0], running.data)
        running.token = installed[1]
        yield running.start()


@pytest.fixture
def person(inlay: Inlay) -> Person:
    return Person(inlay, f"person{next(_numbers)}")


@pytest.fixture
def other(inlay: Inlay) -> Person:
    return Person(inlay, f"person{next(_numbers)}")


def members_track(site: MediaSite, name: str, **more: object) -> str:
    site.only_for(MEMBER, site.media_url(name))
    return site.only_for(MEMBER, short_track(site, name, **more))


def cookies_at(site: MediaSite) -> list[str]:
    """What it was shown so far."""
    return [hit.headers["Cookie"] for hit in site.hits if hit.headers["Cookie"]]


def places_with(text: str, inlay: Inlay) -> list[str]:
    """Files of this installation that hold the text: database, journal, staging, backups, log."""
    files = (file for file in inlay.home.rglob("*") if file.is_file())
    return [str(file) for file in files if text.encode() in file.read_bytes()]


def test_a_track_for_members_comes_after_its_cookies_were_saved(
    inlay: Inlay, site: MediaSite, person: Person, other: Person
) -> None:
    link = members_track(site, "members")
    failed = person.fetched(link)
    assert failed["failure"]["kind"] == "needs_you"
    assert '<a href="/settings/cookies?site=127.0.0.1">Cookies of 127.0.0.1</a>' in person.page("/")
    assert 'value="127.0.0.1"' in person.page("/settings/cookies?site=127.0.0.1")

    said = person.upload(export(line(), line("old", end=an_hour_ago())), "127.0.0.1")
    assert said.status_code == 200
    assert "Saved 1 cookie of 127.0.0.1. Left out: 1 had expired." in said.text
    assert "Try 1 again" in said.text
    assert person.post("/settings/cookies/127.0.0.1/retry").headers["location"] == "/"
    found = person.rest(failed["id"])
    assert found["state"] == "review"
    assert not (inlay.staging / found["id"] / "cookies.txt").exists()
    kept = person.kept()["127.0.0.1"]
    assert (kept["count"], kept["answer"]) == (1, "accepted")
    assert kept["used_at"]
    listed = person.page("/settings/cookies")
    assert "1 cookie ·" in listed
    assert "accepted" in listed

    site.clear()
    assert other.fetched(link)["state"] == "failed"
    assert not cookies_at(site), "nobody else's download shows them"
    pages = [said.text, listed, person.page("/"), person.page(f"/downloads/{found['id']}/review")]
    answers = [person.api.get("/cookies").text, person.api.get("/downloads").text]
    assert not [text for text in (*pages, *answers) if VALUE in text]
    assert not places_with(VALUE, inlay)


def test_another_site_never_gets_them_not_even_its_own(
    site: MediaSite, elsewhere: MediaSite, person: Person
) -> None:
    """The page of one site leads to a picture and to audio of another, and once right away there."""
    assert (
        person.upload(export(line(), line(domain="127.0.0.2"), line("safe", secure=True))).status_code == 200
    )
    assert set(person.kept()) == {"127.0.0.1", "127.0.0.2"}
    far = short_track(elsewhere, "far")
    page = short_track(site, "near", media_url=elsewhere.media_url("far"))
    site.clear()
    assert person.fetched(page)["state"] == "review"
    assert person.fetched(short_track(site, "moved", page_faults=[Redirect(far)]))["state"] == "review"
    assert set(cookies_at(site)) == {MEMBER}, "and without TLS not what is for TLS alone"
    assert elsewhere.hits
    assert not cookies_at(elsewhere)


def test_what_a_site_plants_is_gone_with_the_download(site: MediaSite, person: Person) -> None:
    person.upload(export(line()))
    planted = {"Set-Cookie": "planted=evil; Path=/; Max-Age=99999"}
    site.page("planting", "<title>Nothing</title>Words.", headers=planted)
    first = f"{site.url}/page/planting"
    assert person.fetched(first)["state"] == "failed"
    site.clear()
    assert person.fetched(short_track(site, "next"))["state"] == "review"
    assert set(cookies_at(site)) == {MEMBER}


def test_cookies_that_are_not_taken_any_more_are_said_to_be_so(site: MediaSite, person: Person) -> None:
    link = members_track(site, "renewed")
    assert person.paste(export(line(value="of-last-week-4410")).decode()).status_code == 200
    failed = person.fetched(link)
    assert failed["failure"] == {
        "kind": "needs_you",
        "message": "The site does not accept your cookies any more. Save fresh ones, then retry.",
    }
    assert person.kept()["127.0.0.1"]["answer"] == "rejected"
    page = person.page("/settings/cookies")
    assert "Rejected: the site does not take them any more." in page
    assert "Try 1 again" not in page
    stats = person.api.get("/downloads/stats").json()
    assert "your cookies" not in repr(stats["sites"]), "what it says of one person's is nobody else's"
    person.upload(export(line()))
    assert person.kept()["127.0.0.1"]["answer"] == ""
    assert "Try 1 again" in person.page("/settings/cookies")


def test_programs_renew_them_and_read_no_value(person: Person) -> None:
    saved = person.api.put("/cookies?site=https://www.youtube.com/watch", content=export(
        line("SID", domain=".youtube.com"), line("NID", domain=".google.com"), line("x", domain=".com"),
        line("old", domain=".youtube.com", end=an_hour_ago()),
    ))  # fmt: skip
    assert saved.status_code == 200, saved.text
    told = saved.json()
    assert [one["site"] for one in told["items"]] == ["youtube.com"]
    assert (told["expired"], told["odd"], told["others"]) == (1, 1, 1)
    problem(person.api.put("/cookies?site=a.example", content=export(line())), 422, "bad_cookies")
    problem(person.api.put("/cookies?site=not a site", content=export(line())), 422, "bad_site")
    problem(person.api.put("/cookies", content=b"#" * 1_000_001), 422, "bad_cookies")
    problem(person.api.put("/cookies", content=b"#" * 1_100_000), 413, "http_413")
    many = export(*(line(domain=f".site{number}.com") for number in range(11)))
    assert "These are cookies of 11 sites." in problem(person.api.put("/cookies", content=many), 422, "many_sites")["detail"]  # fmt: skip # noqa: E501
    assert person.api.delete("/cookies/youtube.com").status_code == 204
    problem(person.api.delete("/cookies/youtube.com"), 404, "not_found")
    person.api.put("/cookies", content=export(line(), line(domain=".youtube.com")))
    assert person.api.delete("/cookies").json() == {"removed": 2}
    assert person.kept() == {}
    assert VALUE not in saved.text


def test_a_form_that_is_refused_says_why_and_repeats_nothing(person: Person) -> None:
    refused = person.paste(line().replace("\t", " "), site="127.0.0.1")
    assert refused.status_code == 422
    assert "have become blanks" in refused.text
    assert 'value="127.0.0.1"' in refused.text
    assert VALUE not in refused.text
    assert "Choose a file or paste its text first." in person.paste("").text
    person.upload(export(line(), line(domain=".youtube.com")))
    assert person.post("/settings/cookies/youtube.com/remove").headers["location"] == "/settings/cookies"
    assert set(person.kept()) == {"127.0.0.1"}
    assert person.post("/settings/cookies/remove").status_code == 303
    assert person.kept() == {}


def test_a_power_cut_in_the_middle_leaves_none_behind(inlay: Inlay, site: MediaSite, person: Person) -> None:
    person.upload(export(line()))
    waiting = person.fetched(members_track(site, "quick"))["id"]
    slow = members_track(site, "slow", rate_bps=30_000)
    id = person.api.post("/downloads/url", json={"url": slow, "format": "original"}).json()["id"]
    file = inlay.staging / id / "cookies.txt"
    wait_for(lambda: site.hits_at(site.media_url("slow")))
    assert not file.exists(), "gone before anything of the site's is read"
    inlay.kill()
    assert not places_with(VALUE, inlay)
    # As if it had been cut a moment earlier; and where no worker comes by again.
    for folder in (id, waiting):
        (inlay.staging / folder / "cookies.txt").write_bytes(export(line()))
    members_track(site, "slow")
    inlay.start()
    assert person.rest(id)["state"] == "review"
    assert not places_with(VALUE, inlay)
