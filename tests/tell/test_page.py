"""The page *Telling others*, without JavaScript, and the whole way with a real Inlay that is killed."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.journeys import problem, short_track
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay
from tests.tell.conftest import soon
from tests.tell.fakes import KEY, Listener


class Browser:
    """A signed-in browser without scripts."""

    def __init__(self, inlay: Inlay, name: str) -> None:
        self.client = httpx.Client(
            base_url=inlay.url, headers={"Origin": inlay.url}, timeout=20, follow_redirects=True, verify=False
        )
        answer = self.client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.csrf = re.findall(r'name="csrf_token" value="(\w+)"', self.client.get("/settings").text)[0]

    def page(self) -> str:
        return html.unescape(self.client.get("/settings/tell").text)

    def send(self, path: str = "", status: int = 200, **data: str) -> str:
        answer = self.client.post(f"/settings/tell{path}", data={"csrf_token": self.csrf, **data})
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as running:
        yield running


@pytest.fixture(scope="module")
def alice(inlay: Inlay) -> Browser:
    return Browser(inlay, "alice")


@pytest.fixture(scope="module")
def bob(inlay: Inlay) -> Browser:
    inlay.add_user("bob")
    return Browser(inlay, "bob")


def ids(page: str) -> list[str]:
    return re.findall(r'id="hook-([\w-]+)"', page)


def test_a_server_is_added_tested_changed_and_deleted_and_its_key_is_never_seen(
    alice: Browser, listener: Listener
) -> None:
    page = alice.send(kind="jellyfin", address=f"{listener.url}/", secret="wrong-key")
    assert listener.url in page
    [id] = ids(page)
    page = alice.send(f"/{id}/test")
    assert "does not accept this key" in page
    page = alice.send(f"/{id}", kind="jellyfin", address=listener.url, secret=KEY)
    page = alice.send(f"/{id}/test")
    assert "It was told, and scans its libraries." in page
    # What is left empty stays.
    alice.send(f"/{id}", kind="jellyfin", address=listener.url, secret="")
    assert "It was told" in alice.send(f"/{id}/test")
    assert KEY not in alice.page()
    assert "wrong-key" not in alice.page()
    page = alice.send(f"/{id}", 422, kind="jellyfin", address="http://127.0.0.1:9", secret="")
    assert "Enter it again, since the address is another one." in page
    assert ids(alice.send(f"/{id}/delete")) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"kind": "jellyfin", "address": "nas:8096", "secret": "k"}, "Write the whole address"),
        ({"kind": "jellyfin", "address": "http://me:pw@nas", "secret": "k"}, "without a login"),
        ({"kind": "jellyfin", "address": "http://nas", "secret": "a b"}, "does not look like a key"),
        ({"kind": "jellyfin", "address": "http://nas", "secret": ""}, "Enter it; it is not shown again."),
        (
            {"kind": "plex", "address": "http://nas", "secret": "k", "login": "x"},
            "the music section",
        ),
        ({"kind": "webhook", "address": "https://a.example/"}, "Choose at least one"),
        ({"kind": "webhook", "address": "file:///etc/passwd", "done": "on"}, "Write the whole address"),
    ],
)
def test_what_does_not_fit_comes_back_with_a_sentence(
    alice: Browser, data: dict[str, str], sentence: str
) -> None:
    page = alice.send("", 422, **data)
    assert sentence in page
    assert data["address"] in page
    assert data.get("secret") != "a b" or "a b" not in page
    assert not ids(page)


def test_each_sees_and_tests_their_own(alice: Browser, bob: Browser, listener: Listener) -> None:
    mine = alice.send(kind="webhook", address=f"{listener.url}/very/secret?key=1", secret="k", done="on")
    [id] = ids(mine)
    server = alice.send(kind="jellyfin", address=listener.url, secret=KEY)
    [server_id] = set(ids(server)) - {id}
    assert "very/secret" not in mine
    assert "Media servers" not in bob.page()
    assert not ids(bob.page())
    for theirs in (id, server_id):
        bob.send(f"/{theirs}", 404, address=listener.url)
        bob.send(f"/{theirs}/test", 404)
        bob.send(f"/{theirs}/delete", 404)
    bob.send("", 403, kind="plex", address=listener.url, secret="k", login="1")
    made = bob.send(kind="webhook", address="https://a.example/", done="on")
    found = re.search(r'id="new-secret" value="([\w-]{20,})"', made)
    assert found
    assert found[1] not in bob.page()
    for one in (id, server_id):
        alice.send(f"/{one}/delete")


def test_a_download_is_told_although_the_receiver_was_down_and_inlay_was_killed(
    inlay: Inlay, alice: Browser, site: MediaSite
) -> None:
    with Listener() as receiver:
        pass
    alice.send(
        kind="webhook", address=f"{receiver.url}/hook", secret="k", ready="on", done="on", library="on"
    )
    id = inlay.submit(short_track(site, "told"))
    assert inlay.rest(id)["state"] == "review"
    inlay.confirm(id, title="Told", artist="Ida Holm")
    assert inlay.done(id)["state"] == "done", "nothing waits for a receiver that is down"
    soon(lambda: "nobody answers there" in alice.page(), seconds=20)
    inlay.kill()
    with receiver:
        inlay.start()
        soon(lambda: len({one.json["event"] for one in receiver.asked}) == 3, seconds=30)
    assert [one.json["event"] for one in receiver.asked][:2] == ["download.ready", "download.done"]
    done = receiver.asked[1].json["download"]
    assert done["tracks"][0]["path"] == "Ida Holm/Told.mp3"
    assert receiver.asked[2].json["library"]["added"] >= 1


def test_programs_set_up_what_is_told_and_learn_no_secret(inlay: Inlay, listener: Listener) -> None:
    theirs = inlay.add_user("cleo")
    with inlay.api() as api, inlay.api(theirs) as other:
        there = {"kind": "jellyfin", "address": listener.url, "secret": "wrong-key"}
        made = api.post("/hooks", json=there)
        assert made.status_code == 201, made.text
        server = made.json()
        assert (server["where"], server["everybodys"], server["secret"]) == (listener.url, True, "")
        tried = api.post(f"/hooks/{server['id']}/test").json()
        assert not tried["went_well"]
        assert "does not accept this key" in tried["message"]
        changed = api.patch(f"/hooks/{server['id']}", json={"secret": KEY})
        assert changed.status_code == 200, changed.text
        assert api.post(f"/hooks/{server['id']}/test").json()["went_well"]
        moved = api.patch(f"/hooks/{server['id']}", json={"address": "http://127.0.0.1:9"})
        assert problem(moved, 422, "bad_secret")["fields"].keys() == {"secret"}
        webhook = {"kind": "webhook", "address": f"{listener.url}/very/secret?key=1", "events": ["done"]}
        mine = api.post("/hooks", json=webhook).json()
        assert len(mine["secret"]) > 20
        kept = api.patch(f"/hooks/{mine['id']}", json={"events": ["ready", "library"]}).json()
        assert kept["events"] == ["ready", "library"]
        listed = api.get("/hooks")
        assert {one["id"] for one in listed.json()["items"]} >= {server["id"], mine["id"]}
        for secret in (mine["secret"], KEY, "wrong-key", "very/secret"):
            assert secret not in listed.text + api.get(f"/hooks/{mine['id']}").text
        problem(api.post("/hooks", json={**webhook, "events": ["never"]}), 422, "bad_events")
        assert mine["id"] not in other.get("/hooks").text
        problem(other.post("/hooks", json=there), 403, "forbidden")
        for id in (server["id"], mine["id"]):
            problem(other.get(f"/hooks/{id}"), 404, "not_found")
            problem(other.patch(f"/hooks/{id}", json={"events": ["done"]}), 404, "not_found")
            problem(other.post(f"/hooks/{id}/test"), 404, "not_found")
            problem(other.delete(f"/hooks/{id}"), 404, "not_found")
            assert api.delete(f"/hooks/{id}").status_code == 204
