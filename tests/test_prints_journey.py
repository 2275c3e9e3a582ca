"""What sounds the same is known at the review of a real server, and on the page of duplicates."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.audio.fingerprint import is_possible
from tests.media.audio import picture
from tests.media.site import MediaSite
from tests.media.tunes import made_of, tune
from tests.running import PASSWORD, Inlay, wait_for

pytestmark = pytest.mark.skipif(not is_possible(), reason="fpcalc is not installed")

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def web(inlay: Inlay) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=inlay.url, headers={"Origin": inlay.url}, timeout=20, verify=False) as client:
        client.post("/login", data={"name": "alice", "password": PASSWORD})
        token = client.get("/settings").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        client.headers["x-csrf-token"] = token
        yield client


def fetched(inlay: Inlay, site: MediaSite, title: str, file: Path, **more: Any) -> dict[str, Any]:
    told = {"title": title, "artist": "Ida Holm", **more}
    found = inlay.rest(inlay.submit(site.track(f"upload{next(_numbers)}", file, **told)))
    assert found["state"] == "review", found
    return found


def box(web: httpx.Client, id: str, **typed: str) -> str:
    """The review's box as soon as somebody has listened."""
    typed = {"artist": "Ida Holm", **typed}

    def known() -> str:
        text = web.get(f"/downloads/{id}/duplicates", params=typed).text
        return "" if "every 2s" in text else text

    found: str = wait_for(known, 60)
    return found


def of_sound(told: dict[str, Any]) -> list[str]:
    """The paths of its duplicates, each of which is one by its sound alone."""
    assert {one["by"] for one in told["duplicates"]} <= {"sound"}
    return [one["path"] for one in told["duplicates"]]


@pytest.fixture(scope="module")
def harbour(inlay: Inlay, site: MediaSite) -> str:
    found = fetched(inlay, site, "Harbour", made_of(tune(1), "mp3 128"))
    inlay.confirm(found["id"])
    return str(inlay.done(found["id"])["path"])


def test_the_review_tells_what_sounds_the_same_and_the_policy_goes_by_it(
    inlay: Inlay, site: MediaSite, web: httpx.Client, harbour: str
) -> None:
    found = fetched(inlay, site, "Hafen", made_of(tune(1), "from 2 s"))
    # The one in the library is listened to after it was added, when there is time.
    said = wait_for(lambda: "You have this" in (now := box(web, found["id"], title="Hafen")) and now)
    assert "Sounds the same, under another name." in said
    assert 'name="conflict"' in said
    assert "Sounds the same, another version by its title" in box(web, found["id"], title="Harbour (Live)")
    page = web.get(f"/downloads/{found['id']}/review").text
    assert "Sounds the same, under another name." in page
    told = inlay.download(found["id"])
    assert (of_sound(told), told["lane"]) == ([harbour], "check")
    assert of_sound(told["tracks"][0]) == [harbour]
    inlay.confirm(found["id"], title="Hafen", conflict="skip")
    ended = wait_for(lambda: (d := inlay.download(found["id"]))["state"] == "skipped" and d, 60)
    assert of_sound(ended) == [harbour]


def test_the_api_says_in_its_document_by_what_a_duplicate_is_one(web: httpx.Client) -> None:
    known = web.get("/schema/openapi.json").json()["components"]["schemas"]
    by = known["DuplicateOut"]["properties"]["by"]
    assert "under other names" in by["description"]
    assert {"$ref": "#/components/schemas/Reason"} in by["oneOf"]
    assert known["Reason"]["enum"] == ["names", "isrc", "source", "sound"]


def test_another_recording_of_that_name_is_no_duplicate_and_is_never_skipped_or_replaced(
    inlay: Inlay, site: MediaSite, web: httpx.Client, harbour: str
) -> None:
    before = (inlay.library / harbour).read_bytes()
    found = fetched(inlay, site, "Harbour", made_of(tune(2), "mp3 128"))
    said = box(web, found["id"], title="Harbour")
    assert "Same name, sounds different" in said
    assert "You have this" not in said
    assert inlay.download(found["id"])["duplicates"] == []
    inlay.confirm(found["id"], conflict="overwrite")
    added = inlay.done(found["id"])["path"]
    assert added != harbour
    assert (inlay.library / harbour).read_bytes() == before
    assert "Same name, sounds different" in web.get("/library/duplicates").text


def test_what_sounds_like_one_that_is_there_is_not_added_by_itself(
    inlay: Inlay, site: MediaSite, web: httpx.Client, harbour: str
) -> None:
    told = {"uploader": "Ida Holm", "thumbnail": picture(1280, 720)}
    assert web.post("/settings/rules/adding", data={"value": "on"}).status_code == 303
    try:
        # `fetched` wants it to wait for its review.
        found = fetched(inlay, site, "Ida Holm - Mudflat", made_of(tune(1), "louder"), **told)
    finally:
        web.post("/settings/rules/adding", data={"value": "off"})
    assert of_sound(found) == [harbour]


def group_of(web: httpx.Client, path: str) -> str:
    """The group of what sounds like this track under another name; empty as long as there is none."""
    page = web.get("/library/duplicates").text
    group = page.partition("Sounds the same, under other names.")[2].partition("</section>")[0]
    return group if path in group else ""


def test_the_page_of_duplicates_lists_what_sounds_the_same_under_other_names(
    inlay: Inlay, site: MediaSite, web: httpx.Client, harbour: str
) -> None:
    found = fetched(inlay, site, "Estuary", made_of(tune(1), "mp3 64"))
    inlay.confirm(found["id"])
    added = inlay.done(found["id"])["path"]
    group = wait_for(lambda: group_of(web, added), 30)
    assert harbour in group


def test_a_track_that_nobody_reviews_does_not_wait_for_its_print_and_gets_it_afterwards(
    inlay: Inlay, site: MediaSite, web: httpx.Client, harbour: str
) -> None:
    link = site.track("unseen", made_of(tune(1), "aac 128"), title="Sound", artist="Ida Holm")
    added = inlay.done(inlay.submit(link, skip_review=True))["path"]
    group = wait_for(lambda: group_of(web, added), 30)
    assert harbour in group
