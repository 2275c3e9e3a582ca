"""What is going on: counts, workers, sites, disks and yt-dlp, for each user what is theirs."""

from collections.abc import Iterator

import httpx
import pytest

from tests.journeys import short_track
from tests.media.faults import Status
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with Inlay(tmp_path_factory.mktemp("inlay"), allow_hosts="127.0.0.0/8") as running:
        running.add_user("alice", admin=True)
        yield running.start()


@pytest.fixture(scope="module")
def bob(inlay: Inlay) -> Iterator[httpx.Client]:
    with inlay.api(inlay.add_user("bob")) as api:
        yield api


def stats(api: httpx.Client) -> dict[str, object]:
    found: dict[str, object] = api.get("/downloads/stats").json()
    return found


def test_counts_sites_disks_and_versions_are_told(inlay: Inlay, site: MediaSite, bob: httpx.Client) -> None:
    assert inlay.rest(inlay.submit(short_track(site, "well")))["state"] == "review"
    assert inlay.rest(inlay.submit(short_track(site, "gone", page_faults=[Status(404)])))["state"] == "failed"
    with MediaSite("127.0.0.2") as other:
        link = short_track(other, "bobs")
        id = bob.post("/downloads/url", json={"url": link}).json()["id"]
        while bob.get(f"/downloads/{id}").json()["state"] != "review":
            pass
    with inlay.api() as api:
        # The server remembers its last look at the disk for a moment.
        alices = wait_for(lambda: (found := stats(api))["disk"]["staged_bytes"] and found)  # type: ignore[index]
    bobs = stats(bob)
    assert set(alices) == {"counts", "workers", "sites", "disk", "yt_dlp"}
    counts = alices["counts"]
    assert isinstance(counts, dict)
    assert (counts["review"], counts["failed"], counts["queued"]) == (2, 1, 0), "an admin sees everybody's"
    assert alices["workers"] == {"total": 4, "busy": 0, "per_site": 2}
    assert [one["site"] for one in alices["sites"]] == ["127.0.0.1", "127.0.0.2"]  # type: ignore[attr-defined]
    assert [one["site"] for one in bobs["sites"]] == ["127.0.0.2"]  # type: ignore[attr-defined]
    assert bobs["counts"]["review"] == 1  # type: ignore[index]
    health = alices["sites"][0]  # type: ignore[index]
    assert health["last_success_at"]
    assert "not there any more" in health["last_failure"]
    assert alices["disk"]["full"] == ""  # type: ignore[index]
    assert alices["yt_dlp"]["version"]  # type: ignore[index]


def test_the_page_shows_it_and_its_poll_says_nothing_new(inlay: Inlay) -> None:
    with httpx.Client(base_url=inlay.url, verify=False, headers={"Origin": inlay.url}, timeout=20) as browser:
        browser.post("/login", data={"name": "alice", "password": PASSWORD})
        shown = browser.get("/activity")
        assert "127.0.0.2" in shown.text

        def says_nothing_new() -> bool:
            # Room on the disk is shown, too, and others write to it.
            poll = browser.get("/activity").text.split('hx-get="')[1].split('"')[0]
            answer = browser.get(poll, headers={"HX-Request": "true"})
            return (answer.status_code, answer.text) == (204, "")

        wait_for(says_nothing_new)
        assert 'id="activity"' in browser.get("/activity", headers={"HX-Request": "true"}).text


def test_only_an_admin_ends_a_pause(inlay: Inlay, bob: httpx.Client) -> None:
    answer = httpx.post(f"{inlay.url}/activity/sites/127.0.0.2/resume", headers=bob.headers)
    assert answer.status_code == 404
