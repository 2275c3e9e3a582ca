"""Rules on the whole way: a correction, the offer, one tap, and the channel's next download is right."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from PIL import Image

from tests import people
from tests.journeys import problem, short_track
from tests.media.audio import picture
from tests.media.site import MediaSite
from tests.running import Inlay

_numbers = count(1)


class Person(people.Person):
    """Somebody who corrects, and teaches."""

    def accept(self, id: str, **typed: str) -> None:
        values = {name: one["value"] for name, one in self.rest(id)["proposal"].items()}
        answer = self.post(f"/downloads/{id}/review", **values | typed)
        assert answer.status_code == 303, answer.text

    def offered(self) -> list[str]:
        return re.findall(r'<strong dir="auto">([^<]*)</strong>', self.page("/").partition('id="inbox')[0])

    def rules(self) -> list[tuple[str, str, str, str]]:
        items = self.api.get("/rules").json()["items"]
        return [(one["site"], one["channel"], one["kind"], one["value"]) for one in items]


@pytest.fixture
def alice(inlay: Inlay) -> Iterator[Person]:
    person = Person(inlay, f"alice{next(_numbers)}")
    yield person
    person.close()


@pytest.fixture
def bob(inlay: Inlay) -> Person:
    return Person(inlay, f"bob{next(_numbers)}")


def from_channel(site: MediaSite, title: str, channel: str = "saltpan99", **more: Any) -> str:
    told = {"title": title, "uploader": channel, "artist": None, **more}
    return short_track(site, f"track-{next(_numbers)}", **told)


def correct(person: Person, site: MediaSite, title: str = "Harbour", **more: Any) -> str:
    """A track of the channel, with the artist corrected to Jane Roe. Returns its id."""
    id: str = person.fetched(from_channel(site, title, **more))["id"]
    person.accept(id, artist="Jane Roe")
    return id


def test_a_correction_becomes_a_rule_with_one_tap(site: MediaSite, alice: Person, bob: Person) -> None:
    id = correct(alice, site)
    assert alice.offered() == ["artist is Jane Roe"]
    assert "Next time from <bdi>saltpan99</bdi>" in alice.page("/")
    assert bob.offered() == []

    answer = alice.post(f"/downloads/{id}/rule", kind="artist_is", answer="always")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert alice.offered() == []
    assert alice.rules() == [("127.0.0.1", "saltpan99", "artist_is", "Jane Roe")]

    link = from_channel(site, "Low Tide (feat. Bo Lund)", "SaltPan 99")
    second = alice.fetched(link)
    artist = second["proposal"]["artist"]
    assert (artist["value"], artist["reason"], artist["confidence"]) == (
        "Jane Roe feat. Bo Lund",
        "your rule",
        0.99,
    )
    assert second["proposal"]["title"]["value"] == "Low Tide"
    review = alice.page(f"/downloads/{second['id']}/review")
    assert f'<a href="/settings/rules#rule-{artist["rule"]}">your rule</a>' in review
    assert f'id="rule-{artist["rule"]}"' in alice.page("/settings/rules")

    others = bob.fetched(link)["proposal"]
    assert others["artist"]["value"] != artist["value"]
    assert bob.rules() == []
    assert (
        alice.fetched(from_channel(site, "Low", "Another"))["proposal"].get("artist", {}).get("rule") is None
    )


def test_deleting_a_rule_is_back_to_before_and_can_be_undone(site: MediaSite, alice: Person) -> None:
    id = correct(alice, site)
    before = alice.fetched(from_channel(site, "Low Tide"))["proposal"]
    alice.post(f"/downloads/{id}/rule", kind="artist_is", answer="always")
    (rule,) = alice.api.get("/rules").json()["items"]
    assert alice.fetched(from_channel(site, "Low Tide"))["proposal"] != before

    gone = alice.post(f"/settings/rules/{rule['id']}/delete")
    assert gone.status_code == 200
    assert "The rule is deleted." in gone.text
    assert alice.rules() == []
    assert alice.fetched(from_channel(site, "Low Tide"))["proposal"] == before
    assert alice.offered() == [], "what was taken back is not asked again about the same tracks"

    undo = dict(
        re.findall(r'name="(kind|value|site|channel_name)" value="([^"]*)"', gone.text.partition("Undo")[0])
    )
    assert alice.post("/settings/rules", **undo).status_code == 303
    assert alice.rules() == [("127.0.0.1", "saltpan99", "artist_is", "Jane Roe")]

    (rule,) = alice.api.get("/rules").json()["items"]
    alice.post(f"/settings/rules/{rule['id']}/delete")
    correct(alice, site, "Another Harbour")
    assert alice.offered() == ["artist is Jane Roe"], "a new correction is a new reason to ask"


def test_no_is_for_good_until_it_is_taken_back(site: MediaSite, alice: Person) -> None:
    id = correct(alice, site)
    assert alice.post(f"/downloads/{id}/rule", kind="artist_is", answer="no").status_code == 303
    assert alice.offered() == []
    correct(alice, site, "Low Tide")
    assert alice.offered() == []
    assert alice.rules() == []
    page = alice.page("/settings/rules")
    assert "Not asked again about the artist" in page
    found = re.search(r'action="/settings/rules/([^/"]+)/delete"', page)
    assert found
    alice.post(f"/settings/rules/{found[1]}/delete")
    assert alice.offered() == ["artist is Jane Roe"]


def test_an_offer_is_answered_once_and_only_as_it_was_made(
    site: MediaSite, alice: Person, bob: Person
) -> None:
    id = correct(alice, site)
    assert bob.post(f"/downloads/{id}/rule", kind="artist_is", answer="always").status_code == 404
    assert alice.post(f"/downloads/{id}/rule", kind="album_is", answer="always").status_code == 409
    assert alice.post(f"/downloads/{id}/rule").status_code == 409
    assert alice.post(f"/downloads/{id}/rule", kind="artist_is", value="Mallory", answer="always").is_redirect
    assert alice.rules()[0][3] == "Jane Roe"
    assert alice.post(f"/downloads/{id}/rule", kind="artist_is", answer="always").status_code == 409


def test_an_offer_stays_for_a_week(site: MediaSite, alice: Person, inlay: Inlay) -> None:
    id = correct(alice, site)
    assert alice.rest(id)["state"] == "done"
    assert alice.offered() == ["artist is Jane Roe"]
    for days, offered in ((6, ["artist is Jane Roe"]), (8, [])):
        with closing(sqlite3.connect(inlay.data / "inlay.db", timeout=20)) as db, db:
            changed = "UPDATE downloads SET updated_at = datetime('now', ?) WHERE id = ?"
            db.execute(changed, (f"-{days} days", id))
        assert alice.offered() == offered


def test_what_was_accepted_as_proposed_teaches_nothing(site: MediaSite, alice: Person) -> None:
    id = alice.fetched(from_channel(site, "Jane Roe - Harbour"))["id"]
    alice.accept(id)
    assert alice.offered() == []


def test_a_rule_is_edited_in_the_settings(site: MediaSite, alice: Person, bob: Person) -> None:
    id = correct(alice, site)
    alice.post(f"/downloads/{id}/rule", kind="artist_is", answer="always")
    (rule,) = alice.api.get("/rules").json()["items"]
    assert bob.post(f"/settings/rules/{rule['id']}", value="Mallory").status_code == 404
    assert bob.post(f"/settings/rules/{rule['id']}/delete").status_code == 404
    empty = alice.post(f"/settings/rules/{rule['id']}", value="  ")
    assert empty.status_code == 422
    assert "Artist: write something, or delete the rule." in empty.text
    saved = alice.post(f"/settings/rules/{rule['id']}", value=" Jane  Roe & the Tide ")
    assert saved.status_code == 303
    assert alice.fetched(from_channel(site, "Low"))["proposal"]["artist"]["value"] == "Jane Roe & the Tide"


def test_the_order_of_artist_and_title_is_turned_in_the_settings(site: MediaSite, alice: Person) -> None:
    order = {"kind": "artist_left", "site": "127.0.0.1", "channel": "Wet Ink"}
    rule = alice.api.put("/rules", json=order).json()
    alice.api.put("/rules", json={**order, "kind": "artist_right"})
    assert alice.post(f"/settings/rules/{rule['id']}", value="artist").status_code == 422
    assert alice.post(f"/settings/rules/{rule['id']}", value="artist_right").status_code == 303
    kinds = [one["kind"] for one in alice.api.get("/rules").json()["items"] if one["channel"] == "Wet Ink"]
    assert kinds == ["artist_right"]
    proposal = alice.fetched(from_channel(site, "Tide - Mira Vale", "Wet Ink"))["proposal"]
    assert (proposal["artist"]["value"], proposal["title"]["value"]) == ("Mira Vale", "Tide")


def test_adding_by_itself_is_off_and_takes_only_what_is_ready(site: MediaSite, alice: Person) -> None:
    ready = {"artist": "Ida Holm"}
    assert alice.fetched(from_channel(site, "Ida Holm - One", "Ida Holm", **ready))["state"] == "review"
    assert alice.post("/settings/rules/adding", site="", value="on").status_code == 303

    added = alice.fetched(from_channel(site, "Ida Holm - Two", "Ida Holm", **ready))
    assert alice.rest(added["id"])["state"] == "done"
    assert "added by itself" in alice.page("/history")
    unsure = alice.fetched(from_channel(site, "Some words", "saltpan99"))
    assert unsure["state"] == "review", "an artist that is only the channel's name wants a look"
    bare = alice.fetched(from_channel(site, "Ida Holm - Three", "Ida Holm", thumbnail=None, **ready))
    assert bare["state"] == "review", "without a cover it wants a look"

    # A rule makes it sure.
    alice.api.put(
        "/rules", json={"kind": "artist_is", "value": "Jane Roe", "site": "127.0.0.1", "channel": "saltpan99"}
    )
    assert alice.fetched(from_channel(site, "Some other words", "saltpan99"))["state"] == "done"


def test_a_site_may_differ_from_the_rest(site: MediaSite, alice: Person, bob: Person) -> None:
    ready = {"artist": "Ida Holm"}
    alice.post("/settings/rules/adding", site="", value="on")
    alice.post("/settings/rules/adding", site="127.0.0.1", value="off")
    assert alice.fetched(from_channel(site, "Ida Holm - Four", "Ida Holm", **ready))["state"] == "review"
    alice.post("/settings/rules/adding", site="127.0.0.1", value="")
    assert alice.fetched(from_channel(site, "Ida Holm - Five", "Ida Holm", **ready))["state"] == "done"
    assert bob.fetched(from_channel(site, "Ida Holm - Six", "Ida Holm", **ready))["state"] == "review"
    alice.post("/settings/rules/adding", site="", value="off")
    alice.post("/settings/rules/adding", site="127.0.0.1", value="on")
    assert alice.fetched(from_channel(site, "Ida Holm - Seven", "Ida Holm", **ready))["state"] == "done"


def test_a_lossless_file_of_a_lossy_source_is_asked_for_all_the_same(site: MediaSite, alice: Person) -> None:
    alice.post("/settings/rules/adding", site="", value="on")
    link = from_channel(site, "Ida Holm - Eight", "Ida Holm", artist="Ida Holm")
    assert alice.fetched(link, format="flac")["state"] == "review"


def test_the_librarys_artists_help_to_read_a_title(site: MediaSite, alice: Person) -> None:
    first = alice.fetched(from_channel(site, "Salt Foxes Three - Tide", "Somebody"))
    alice.accept(first["id"], artist="Salt Foxes Three", title="Tide")
    assert alice.rest(first["id"])["state"] == "done"
    turned = alice.fetched(from_channel(site, "Low Harbour - Salt Foxes Three", "Somebody Else"))
    artist = turned["proposal"]["artist"]
    assert (artist["value"], artist["reason"]) == (
        "Salt Foxes Three",
        "from the title, and your library has the artist",
    )


def test_a_cover_that_is_always_left_out(site: MediaSite, alice: Person) -> None:
    for title in ("Jane Roe - One", "Jane Roe - Two"):
        id = alice.fetched(from_channel(site, title, "Jane Roe"))["id"]
        assert alice.post(f"/downloads/{id}/cover/choose", **{"from": "none"}).status_code < 400
        alice.accept(id)
        assert alice.rest(id)["state"] == "done"
    assert alice.offered() == ["the cover is left out"]
    alice.post(f"/downloads/{id}/rule", kind="crop", answer="always")
    id = alice.fetched(from_channel(site, "Jane Roe - Three", "Jane Roe"))["id"]
    assert re.search(r'id="tile-none"[^>]* aria-pressed="true"', alice.page(f"/downloads/{id}/review"))
    with alice.inlay.api(alice.token) as api:
        assert api.post("/downloads/confirm", json={"id": id}).status_code == 202
    track = alice.rest(id)["tracks"][0]["library_track_id"]
    assert alice.api.get(f"/library/tracks/{track}").json()["has_cover"] is False


def test_the_square_that_is_always_cut_is_cut_by_itself_and_the_page_says_by_whom(
    site: MediaSite, alice: Person
) -> None:
    def upload(title: str) -> str:
        return from_channel(site, f"Mira Vale - {title}", "Mira Vale", thumbnail=picture(1280, 720))

    for title, left in (("One", 0), ("Two", 15)):
        id = alice.fetched(upload(title))["id"]
        square = {"from": "crop", "of": "source", "x": str(left), "y": "0", "size": "800"}
        assert alice.post(f"/downloads/{id}/cover/choose", **square).status_code < 400
        alice.accept(id)
        assert alice.rest(id)["state"] == "done"
    assert alice.offered() == ["the cover is the same square of the picture"]
    alice.post(f"/downloads/{id}/rule", kind="crop", answer="always")
    (rule,) = alice.api.get("/rules").json()["items"]
    assert rule["value"] == "15 0 800"
    assert "is the same square of the picture" in alice.page("/settings/rules")

    id = alice.fetched(upload("Three"))["id"]
    review = alice.page(f"/downloads/{id}/review")
    assert "576 × 576" in review
    assert 'class="tile pressed"' in review
    assert f'<a href="/settings/rules#rule-{rule["id"]}">your rule</a>' in review
    cut = Image.open(BytesIO(alice.browser.get(f"/downloads/{id}/cover").content))
    assert cut.size == (576, 576)
    alice.post(f"/downloads/{id}/cover/choose", **{"from": "square"})
    review = alice.page(f"/downloads/{id}/review")
    assert "720 × 720" in review
    assert "says.</p>" not in review


def test_the_api_says_what_is_wrong_with_a_rule(alice: Person, bob: Person) -> None:
    good = {"kind": "artist_is", "value": "Jane Roe", "site": "a.example", "channel": "Salt"}
    for wrong, code in (
        ({"kind": "nonsense"}, "bad_kind"),
        ({"value": " "}, "bad_value"),
        ({"value": "x" * 301}, "bad_value"),
        ({"kind": "artist_left", "value": "x" * 301}, "bad_value"),
        ({"site": "not a site"}, "bad_site"),
        ({"site": ""}, "bad_channel"),
        ({"channel": "!"}, "bad_channel"),
        ({"channel": "x" + 5000 * "\u00a0"}, "bad_channel"),
        ({"kind": "crop", "value": "round"}, "bad_value"),
        ({"kind": "crop", "value": "1 2"}, "bad_value"),
    ):
        problem(alice.api.put("/rules", json=good | wrong), 422, code)
    made = alice.api.put("/rules", json=good).json()
    again = alice.api.put("/rules", json=good | {"value": "Jane R."}).json()
    assert (made["id"], again["value"], again["sentence"]) == (again["id"], "Jane R.", "artist is Jane R.")
    problem(bob.api.delete(f"/rules/{made['id']}"), 404, "not_found")
    assert bob.api.get("/rules").json()["items"] == []
    assert alice.api.delete(f"/rules/{made['id']}").status_code == 204
    problem(alice.api.delete(f"/rules/{made['id']}"), 404, "not_found")
