"""What a phone gets and hands in: manifest, worker, shared texts, kept links, and links that sign it in."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from app.accounts import queries, sessions
from app.db import Database, now
from app.sources.urls import first_link
from tests.browser.driving import Person, join
from tests.running import Inlay


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """Without a worker: what is handed in stays as it is."""
    with Inlay(tmp_path_factory.mktemp("pocket"), user_per_day="5") as running:
        running.add_user("admin", admin=True)
        yield running.start(command="web")


@pytest.fixture
def alice(inlay: Inlay) -> Person:
    return join(inlay, f"alice-{uuid4().hex[:8]}")


def browser(person: Person | None, inlay: Inlay) -> httpx.Client:
    """As the person's own pages send: with cookie, origin and form token."""
    headers = {"Origin": inlay.url}
    if person:
        secret = (inlay.data / "secret").read_bytes()
        headers |= {
            "Cookie": f"{sessions.COOKIE}={person.cookie}",
            "X-CSRF-Token": sessions.form_token(secret, person.cookie),
        }
    return httpx.Client(base_url=inlay.url, headers=headers, verify=False, timeout=20)


def links_of(person: Person) -> list[str]:
    with person.inlay.api() as api:
        return [one["url"] for one in api.get("/downloads").json()["items"]]


@pytest.mark.parametrize(
    ("shared", "link"),
    [
        (("https://a.example/x?y=1#z",), "https://a.example/x?y=1#z"),
        (("", "Hear this: http://a.example/x.", "title"), "http://a.example/x"),
        (("A song “https://a.example/é”!",), "https://a.example/é"),
        (("(see https://a.example/x)",), "https://a.example/x"),
        (("https://a.example/Song_(live)",), "https://a.example/Song_(live)"),
        (("one https://a.example/1\nhttps://a.example/2",), "https://a.example/1"),
        (("HTTPS://A.example/x",), "HTTPS://A.example/x"),
        (("javascript:alert(1)", "ftp://a.example", ""), None),
    ],
)
def test_the_first_link_of_what_was_shared_is_found(shared: tuple[str, ...], link: str | None) -> None:
    assert first_link(*shared) == link


def test_share_leads_to_the_waiting_page_whoever_sends_it(inlay: Inlay, alice: Person) -> None:
    shared = {"title": "Ä song", "text": "https://a.example/x, really", "url": ""}
    with browser(alice, inlay) as phone:
        for headers in ({}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}):
            answer = phone.post("/share", data=shared, headers=headers)
            assert answer.status_code == 303
            place = urlsplit(answer.headers["location"])
            assert place.path == "add"
            assert parse_qs(place.query) == {
                "url": ["https://a.example/x"],
                "title": ["Ä song"],
                "then": ["card"],
            }
    assert links_of(alice) == []


def test_a_kept_link_is_one_download_however_often_it_is_sent(inlay: Inlay, alice: Person) -> None:
    kept = {"key": str(uuid4()), "url": "https://a.example/kept"}

    def send(_: int) -> httpx.Response:
        with browser(alice, inlay) as phone:
            return phone.post("/add/kept", data=kept)

    with ThreadPoolExecutor(6) as several:
        answers = [answer.json() for answer in several.map(send, range(6))]
    assert {answer["outcome"] for answer in answers} == {"added"}
    assert len({answer["place"] for answer in answers}) == 1
    assert links_of(alice) == ["https://a.example/kept"]
    # Also when it is long over: without its key it would be fetched again.
    (id,) = re.findall(r"follow=([\w-]+)", answers[0]["place"])
    with alice.inlay.api() as api:
        assert api.post(f"/downloads/{id}/cancel").is_success
    assert send(0).json() == answers[0]
    assert len(links_of(alice)) == 1


def test_keys_of_one_person_mean_nothing_to_another(inlay: Inlay, alice: Person) -> None:
    bob, kept = join(inlay, f"bob-{uuid4().hex[:8]}"), {"key": str(uuid4()), "url": "https://a.example/both"}
    places = set()
    for person in (alice, bob):
        with browser(person, inlay) as phone:
            assert phone.get("/add/kept").json()["person"] in phone.get("/").text
            places.add(phone.post("/add/kept", data=kept).json()["place"])
        assert links_of(person) == ["https://a.example/both"]
    assert len(places) == 2


def test_a_phone_hears_what_became_of_its_link(inlay: Inlay, alice: Person) -> None:
    def told(url: str, key: str = "") -> dict[str, str]:
        with browser(alice, inlay) as phone:
            answer = phone.post("/add/kept", data={"key": key or str(uuid4()), "url": url})
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    first = told("https://a.example/1")
    again = told("https://www.a.example/1?utm_source=x")
    assert (again["outcome"], again["place"]) == ("queued", first["place"])
    assert told("my favourite song")["outcome"] == "refused"
    for number in range(2, 6):
        assert told(f"https://a.example/{number}")["outcome"] == "added"
    late = told("https://a.example/6")
    assert late["outcome"] == "later"
    assert "the limit" in late["message"]
    with browser(alice, inlay) as phone:
        assert phone.post("/add/kept", data={"key": "x", "url": "https://a.example/7"}).status_code == 422
    with browser(None, inlay) as nobody:
        assert nobody.get("/add/kept").headers["location"].startswith("/login")


def test_a_submit_token_hands_in_what_a_share_sheet_says(inlay: Inlay, alice: Person) -> None:
    with alice.inlay.api() as api:
        answer = api.post("/downloads/url", json={"url": "", "text": "Hear https://a.example/said now"})
        assert (answer.status_code, answer.json()["url"]) == (202, "https://a.example/said")
        assert api.post("/downloads/url", json={"url": "", "text": "nothing"}).json()["code"] == "no_link"


def test_worker_lists_files_by_their_content_and_never_gets_another_version(inlay: Inlay) -> None:
    with browser(None, inlay) as web:
        worker = web.get("/sw.js")
        assert worker.headers["content-type"].startswith("text/javascript")
        assert worker.headers["cache-control"] == "no-cache"
        version, files = re.findall(
            r'^const VERSION = "(\w+)";\nconst FILES = (\{.*?\});', worker.text, re.S
        )[0]
        for path, integrity in json.loads(files).items():
            answer = web.get(f"/{path}")
            digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
            assert integrity == f"sha256-{digest}", path
            assert "immutable" in answer.headers["cache-control"]
        assert web.get("/static/look.css?v=before").headers["cache-control"] == "no-cache"
        offline = web.get(f"/offline?v={version}")
        assert set(re.findall(r'(?:src|href)="/(static/[^"]+\.(?:js|css)\?v=\w+)"', offline.text)) <= set(
            json.loads(files)
        )
        assert web.get("/offline?v=before").status_code == 404
        policy = worker.headers["content-security-policy"]
        assert {"manifest-src 'self'", "worker-src 'self'"} <= set(policy.split("; "))


def test_manifest_leads_from_its_own_folder_and_its_icons_may_be_cut_round(inlay: Inlay) -> None:
    with browser(None, inlay) as web:
        answer = web.get("/manifest.webmanifest")
        assert answer.headers["content-type"] == "application/manifest+json"
        manifest = answer.json()
        places = [manifest["start_url"], manifest["scope"], manifest["share_target"]["action"]]
        places += [one["url"] for one in manifest["shortcuts"]] + [one["src"] for one in manifest["icons"]]
        assert not [place for place in places if place.startswith("/") or "://" in place]
        for one in manifest["shortcuts"]:
            assert web.get(f"/{one['url']}").status_code == 303
        for icon in manifest["icons"]:
            picture = Image.open(BytesIO(web.get(f"/{icon['src']}").content)).convert("RGBA")
            size, paper = picture.width, picture.getpixel((0, 0))
            assert icon["sizes"] == f"{size}x{picture.height}"
            if icon["purpose"] == "maskable":
                drawn = [
                    (x, y)
                    for x in range(0, size, 2)
                    for y in range(0, size, 2)
                    if picture.getpixel((x, y)) != paper
                ]
                middle = size / 2
                assert max((x - middle) ** 2 + (y - middle) ** 2 for x, y in drawn) < (0.4 * size) ** 2
                assert paper[3] == 255  # type: ignore[index]


def make_link(person: Person, inlay: Inlay) -> str:
    with browser(person, inlay) as desk:
        shown = desk.post("/settings/phone/link").text
    found = re.search(r"/login/link\?code=([\w-]+)</textarea>", shown)
    assert found, shown
    return found[1]


def test_a_sign_in_link_works_once_and_only_when_somebody_taps(inlay: Inlay, alice: Person) -> None:
    code = make_link(alice, inlay)
    with browser(None, inlay) as phone:
        for _ in range(3):
            seen = phone.get("/login/link", params={"code": code})
            assert alice.name in seen.text
            assert "set-cookie" not in seen.headers
        forged = phone.post("/login/link", data={"code": code}, headers={"Origin": "http://evil.example"})
        assert forged.status_code == 403
        first = phone.post("/login/link", data={"code": code})
        assert (first.status_code, first.headers["location"]) == (303, "/settings/phone#here")
        assert phone.get("/").status_code == 200
    with browser(None, inlay) as other:
        second = other.post("/login/link", data={"code": code})
        assert second.status_code == 422
        assert "set-cookie" not in second.headers
        assert alice.name not in other.get("/login/link", params={"code": code}).text
    with alice.inlay.api() as api:
        assert len(api.get("/sessions").json()["items"]) == 2


def test_of_two_phones_with_one_link_one_gets_in(inlay: Inlay, alice: Person) -> None:
    code = make_link(alice, inlay)

    def use(_: int) -> int:
        with browser(None, inlay) as phone:
            return phone.post("/login/link", data={"code": code}).status_code

    with ThreadPoolExecutor(5) as several:
        assert sorted(several.map(use, range(5))) == [303, 422, 422, 422, 422]


def test_an_old_sign_in_link_and_one_before_the_newest_are_dead(inlay: Inlay, alice: Person) -> None:
    earlier, newest = make_link(alice, inlay), make_link(alice, inlay)
    db = Database(inlay.data / "inlay.db")
    with db.read() as session:
        assert queries.user_of_sign_in_link(session, sessions.hashed(earlier), now()) is None
        assert queries.user_of_sign_in_link(session, sessions.hashed(newest), now()) is not None
        later = now() + sessions.LINK_LIFETIME + timedelta(seconds=1)
        assert queries.user_of_sign_in_link(session, sessions.hashed(newest), later) is None
    db.close()
