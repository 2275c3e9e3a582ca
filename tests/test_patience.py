"""Temporary failures are tried again by themselves; a site that wants a pause gets one, and it alone."""

from collections.abc import Iterator

import httpx
import pytest

from app.downloads.waiting import ADVICE, countdown
from tests.journeys import problem, short_track
from tests.media.audio import make
from tests.media.faults import Reset, Status
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for


@pytest.fixture(scope="module")
def other_site() -> Iterator[MediaSite]:
    with MediaSite("127.0.0.2") as running:
        yield running


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    settings = {"allow_hosts": "127.0.0.0/8", "retry_delays_s": "1,1"}
    with Inlay(tmp_path_factory.mktemp("inlay"), **settings) as running:
        running.add_user("alice", admin=True)
        yield running.start()


def site_health(inlay: Inlay, name: str) -> dict[str, object]:
    with inlay.api() as api:
        sites = api.get("/downloads/stats").json()["sites"]
    return next(one for one in sites if one["site"] == name)


def test_two_troubles_in_a_row_cost_a_person_nothing(inlay: Inlay, site: MediaSite) -> None:
    id = inlay.submit(short_track(site, "stumbles", page_faults=[Status(503, times=2)]))
    waits = wait_for(lambda: (d := inlay.download(id))["failure"] and d, every=0.01)
    assert waits["state"] == "queued"
    assert waits["failure"]["kind"] == "temporary"
    assert waits["retry_at"]
    found = inlay.rest(id)
    assert (found["state"], found["failure"], found["retry_at"]) == ("review", None, None)


def test_after_three_tries_it_is_the_persons_turn_who_starts_from_nought(
    inlay: Inlay, site: MediaSite
) -> None:
    link = short_track(site, "down", page_faults=[Status(503)])
    id = inlay.submit(link)
    failed = inlay.rest(id)
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "temporary")
    assert len([hit for hit in site.hits_at(link) if hit.method == "GET"]) == 3
    with inlay.api() as api:
        assert api.post(f"/downloads/{id}/retry").json()["state"] == "queued"
    site.mend(link)
    assert inlay.rest(id)["state"] == "review"


def test_what_is_not_temporary_is_said_at_once(inlay: Inlay, site: MediaSite) -> None:
    link = short_track(site, "gone", page_faults=[Status(410)])
    assert inlay.rest(inlay.submit(link))["failure"]["kind"] == "permanent"
    assert len(site.hits_at(link)) == 1


def test_the_next_try_goes_on_where_the_last_one_broke_off(inlay: Inlay, site: MediaSite) -> None:
    broken = [Reset(60_000, times=4)]
    link = site.track("broken", make("mp3", 20), title="Broken", faults=broken)
    id = inlay.submit(link)
    assert inlay.rest(id)["state"] == "review"
    asked = [hit.headers.get("Range") for hit in site.hits_at(site.media_url("broken"))]
    assert any(one and not one.startswith("bytes=0-") for one in asked)


def test_a_site_that_has_had_enough_is_left_alone_and_only_that_site(
    inlay: Inlay, site: MediaSite, other_site: MediaSite
) -> None:
    first = inlay.submit(
        short_track(other_site, "refused", page_faults=[Status(429, retry_after_s=90, times=1)])
    )
    wait_for(lambda: inlay.download(first)["failure"])
    refused = inlay.download(first)
    assert (refused["state"], refused["failure"]["kind"]) == ("queued", "temporary")
    second = inlay.submit(short_track(other_site, "behind it"))
    elsewhere = inlay.submit(short_track(site, "elsewhere"))
    assert inlay.rest(elsewhere)["state"] == "review"
    behind = inlay.download(second)
    assert behind["state"] == "queued"
    assert "asked for a pause" in behind["failure"]["message"]
    assert not other_site.hits_at(f"{other_site.url}/track/behind it")
    health = site_health(inlay, "127.0.0.2")
    assert health["paused_until"] == behind["retry_at"]
    assert health["last_failure"]
    page = httpx.Client(base_url=inlay.url, verify=False, timeout=20)
    with inlay.api() as api, page:
        german = page.get(f"/downloads/{first}/card", headers={**api.headers, "Accept-Language": "de"}).text
        assert "Die Website bittet um eine Pause. Nächster Versuch in" in german, german
        assert api.post(f"/downloads/{first}/retry").json()["state"] == "queued"
        headers = api.headers
        card = page.get(f"/downloads/{second}/card", headers=headers).text
        assert "127.0.0.2 asked for a pause. Trying again in" in card
        assert page.post("/activity/sites/127.0.0.2/resume", headers=headers).status_code in (200, 303)
    assert {inlay.rest(id)["state"] for id in (first, second)} == {"review"}
    assert site_health(inlay, "127.0.0.2")["paused_until"] is None
    with inlay.api() as api:
        again = httpx.post(f"{inlay.url}/activity/sites/127.0.0.2/resume", headers=api.headers)
    assert again.status_code == 409


def test_a_waiting_download_is_tried_now_if_a_person_says_so(inlay: Inlay, site: MediaSite) -> None:
    link = short_track(site, "later", page_faults=[Status(503, retry_after_s=300, times=1)])
    id = inlay.submit(link)
    waits = wait_for(lambda: (d := inlay.download(id))["retry_at"] and d)
    assert waits["state"] == "queued"
    with inlay.api() as api:
        assert api.post(f"/downloads/{id}/retry").status_code == 200
    assert inlay.rest(id)["state"] == "review"
    with inlay.api() as api:
        problem(api.post(f"/downloads/{id}/retry"), 409, "too_late")


def test_a_waiting_download_can_be_cancelled(inlay: Inlay, site: MediaSite) -> None:
    id = inlay.submit(short_track(site, "unwanted", page_faults=[Status(503, retry_after_s=300)]))
    wait_for(lambda: inlay.download(id)["retry_at"])
    with inlay.api() as api:
        assert api.post(f"/downloads/{id}/cancel").json()["state"] == "cancelled"
    assert not (inlay.staging / id).exists()


def test_a_countdown_is_written_like_a_clock() -> None:
    assert [countdown(seconds) for seconds in (0, 5, 252, 3852)] == ["0:00", "0:05", "4:12", "1:04:12"]


def test_advice_that_is_followed_anyway_is_left_out() -> None:
    assert ADVICE.sub("", "The site does not answer. Retry later.") == "The site does not answer."
    assert ADVICE.sub("", "Retry later.") == "Retry later."
