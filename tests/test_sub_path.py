"""Inlay under a sub-path, behind a proxy that takes it off and one that does not."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from app.downloads.progress import ProgressBoard
from app.errors import SettingsError
from app.resources import folder
from app.web import create_app
from tests.accounts_app import make_services
from tests.reverse_proxy import ReverseProxy
from tests.running import PASSWORD
from tests.two_people import TwoPeople, two_people

BASE = "/inlay"
EXPECTED = {f"{BASE}/nowhere", f"{BASE}/library/edit", f"{BASE}/library/artist?key="}
"""An address of nothing, a form that asks for a choice, an artist whom the made-up rows do not have."""
TEXT = {"value", "placeholder", "title", "alt", "content", "aria-label", "d", "pattern"}
"""Attributes that may begin with a slash and are no address: `next` of the login is one of ours, inside."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoPeople]:
    home = tmp_path_factory.mktemp("under")
    with two_people(home, base_path=BASE, trusted_proxies="127.0.0.0/8") as made:
        with closing(sqlite3.connect(made.file, timeout=20)) as db, db:
            db.execute("UPDATE users SET is_admin = 1 WHERE id = ?", (made.bob.id,))
        yield made


@pytest.fixture(params=["strips", "keeps"])
def proxy(world: TwoPeople, request: pytest.FixtureRequest) -> Iterator[ReverseProxy]:
    with ReverseProxy(world.inlay.port, prefix=BASE, strips=request.param == "strips") as running:
        yield running


class Addresses(HTMLParser):
    """Every attribute of a page that begins with a slash, and those that a GET can follow."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[str] = []
        self.followed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name, value in attrs:
            if not value or not value.startswith("/") or name in TEXT or name == "data-base":
                continue
            self.all.append(f"{name}={value}")
            reads = name == "action" and given.get("method", "get").lower() == "get"  # type: ignore[union-attr]
            if reads or name in ("href", "src", "hx-get", "data-src"):
                self.followed.append(value.partition("#")[0])


def browser(proxy: ReverseProxy, world: TwoPeople) -> httpx.Client:
    cookies = {"inlay_session": world.bob.cookie}
    return httpx.Client(base_url=proxy.url, verify=False, timeout=30, cookies=cookies)


@pytest.mark.parametrize("proxy", ["keeps"], indirect=True)
def test_no_address_of_any_page_leaves_the_sub_path(world: TwoPeople, proxy: ReverseProxy) -> None:
    ids = world.bob.downloads
    waiting = [
        f"{BASE}/",
        f"{BASE}/add?url=https://music.example/x",
        *(f"{BASE}/downloads/{ids[state][0]}/review" for state in ("review", "failed", "done")),
        *(f"{BASE}/downloads/{ids['review'][0]}/{part}" for part in ("cover", "candidates")),
        f"{BASE}/library/tracks/{world.shared_track}/edit",
        *(f"{BASE}/{page}" for page in ("settings/naming", "library/rename", "library/trash")),
        f"{BASE}/nowhere",
    ]
    seen, wrong = set(waiting), []
    kinds: set[str] = set()
    with browser(proxy, world) as web:
        while waiting:
            path = waiting.pop()
            for headers in ({}, {"HX-Request": "true", "HX-Current-URL": f"{proxy.url}{BASE}/"}):
                answer = web.get(path, headers=headers)
                if answer.status_code not in (200, 202, 204, 303) and path not in EXPECTED:
                    wrong.append(f"{path}: {answer.status_code}")
                kind = answer.headers.get("content-type", "").partition(";")[0]
                kinds.add(kind)
                found = Addresses(answer.text) if kind == "text/html" else Addresses("")
                wrong += [f"{path}: {one}" for one in found.all if f"={BASE}/" not in one]
                # A poll asks for the same again, and counts.
                new = {path for path in found.followed if "turn=" not in path} - seen
                seen |= new
                waiting += new
    assert not wrong, "\n".join(sorted(set(wrong)))
    assert len(seen) > 50, sorted(seen)
    assert {"text/html", "text/css", "text/javascript", "image/svg+xml", "audio/mpeg"} <= kinds
    assert not proxy.outside


def test_one_signs_in_works_and_signs_out_there(world: TwoPeople, proxy: ReverseProxy) -> None:
    ours = {"Origin": proxy.url}
    with httpx.Client(base_url=proxy.url, verify=False, timeout=30, headers=ours) as web:
        asked = web.get(f"{BASE}/library?q=x")
        assert asked.headers["location"] == f"{BASE}/login?next=/library%3Fq%3Dx"
        # A fragment's page is where one comes back to; the browser names it with the sub-path.
        fragment = {"HX-Request": "true", "HX-Current-URL": f"{proxy.url}{BASE}/library?q=x"}
        assert web.get(f"{BASE}/inbox", headers=fragment).headers["hx-redirect"] == asked.headers["location"]
        assert 'name="next" value="/library?q=x"' in web.get(asked.headers["location"]).text
        form = {"name": "bob", "password": PASSWORD, "next": "/library?q=x"}
        answer = web.post(f"{BASE}/login", data=form)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"{BASE}/library?q=x"
        assert re.search(r"; path=/inlay(;|$)", answer.headers["set-cookie"].lower())
        settings = web.get(f"{BASE}/settings").text
        assert f'data-base="{BASE}"' in settings
        assert f"{proxy.url}{BASE}/add?url=" in settings.replace("&#34;", '"')
        token = re.search(r'name="csrf_token" value="(\w+)"', settings)
        assert token
        moved = web.post(
            f"{BASE}/settings/conflict", data={"conflict": "skip"}, headers={"X-CSRF-Token": token[1]}
        )
        assert moved.headers["location"] == f"{BASE}/settings#conflict"
        forged = web.post(f"{BASE}/logout", headers={"X-CSRF-Token": token[1], "Origin": "http://evil.test"})
        assert forged.status_code == 403
        out = web.post(f"{BASE}/logout", headers={"X-CSRF-Token": token[1], "HX-Request": "true"})
        assert out.headers["hx-location"] == f"{BASE}/login"
        assert "path=/inlay" in out.headers["set-cookie"].lower()
        assert web.get(f"{BASE}/library").status_code == 303


def test_programs_find_the_api_there(world: TwoPeople, proxy: ReverseProxy) -> None:
    with httpx.Client(base_url=proxy.url, verify=False, headers=world.bob.bearer) as web:
        document = web.get(f"{BASE}/schema/openapi.json").json()
        assert document["servers"] == [{"url": BASE}]
        assert web.get(f"{BASE}/api/v1/sessions").json()["items"]
        assert web.get(f"{BASE}/api/v1/nothing").json()["code"] == "http_404"
        assert web.get("/api/v1/sessions").status_code == 404


@pytest.mark.parametrize("taken", ["/library", "/static", "/api"])
def test_a_sub_path_that_is_an_address_of_ours_stops_the_start(taken: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is an address of Inlay's own"):
        create_app(make_services(tmp_path / "data", base_path=taken), ProgressBoard(tmp_path))


def test_scripts_and_templates_name_no_address_that_escapes_the_sub_path() -> None:
    """Scripts take theirs from the page, or begin them with `document.documentElement.dataset.base`."""
    for script in folder("static").glob("*.js"):
        assert not re.findall(r"""["'`]/[a-z][^"'`]*["'`]""", script.read_text()), script.name
    for template in folder("templates").rglob("*.html"):
        hidden = re.findall(r"""\b(?:href|src|action|hx-(?:get|post))=["']?{%[^>]*""", template.read_text())
        assert not hidden, f"{template.name}: begin the address with / or {{{{, so that it is seen"
