"""Pages are in the language that somebody chose or that their browser wants; what is stored stays English."""

import json
import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from app.accounts import sessions
from app.accounts.model import User
from app.db import Database
from app.downloads.model import Download, State
from app.languages.catalogue import catalogue
from tests.browser.driving import Person, join
from tests.running import PASSWORD, Inlay

STORED = "The site has sent nothing for 120 seconds. Retry later."
HOSTILE = "Cancelled <b>{title}</b> %(num)s"


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """Without a worker: what is put into the database stays as it is."""
    with Inlay(tmp_path_factory.mktemp("languages")) as running:
        running.add_user("admin", admin=True)
        yield running.start(command="web")


@pytest.fixture
def alice(inlay: Inlay) -> Person:
    return join(inlay, f"alice-{uuid4().hex[:8]}")


def browser(inlay: Inlay, person: Person | None = None, accepts: str = "") -> httpx.Client:
    headers = {"Origin": inlay.url, "Accept-Language": accepts}
    if person:
        secret = (inlay.data / "secret").read_bytes()
        headers["X-CSRF-Token"] = sessions.form_token(secret, person.cookie)
    cookies = {sessions.COOKIE: person.cookie} if person else None
    return httpx.Client(base_url=inlay.url, headers=headers, cookies=cookies, timeout=20)


def fail(person: Person, title: str, message: str) -> str:
    """A download of theirs that failed so: its id."""
    db = Database(person.inlay.data / "inlay.db")
    with db.write() as session:
        download = Download(
            user_id=session.scalars(select(User.id).where(User.name == person.name)).one(),
            url=f"https://music.example/{uuid4()}",
            url_key=f"music.example/{uuid4()}",
            site="music.example",
            state=State.FAILED,
            failure_kind="temporary",
            failure_message=message,
            format="mp3",
            conflict="keep_both",
            title=title,
        )
        session.add(download)
        session.flush()
        id = download.id
    db.close()
    return id


@pytest.mark.parametrize(
    ("accepts", "language"), [("de-AT,de;q=0.9,en;q=0.8", "de"), ("es", "es"), ("pt", "en"), ("", "en")]
)
def test_the_browser_chooses_where_nobody_is_signed_in(inlay: Inlay, accepts: str, language: str) -> None:
    texts = catalogue(language)
    with browser(inlay, accepts=accepts) as web:
        for path, heading in (
            ("/login", "Sign in"),
            ("/offline", "Inlay is out of reach"),
            ("/none", "Not here"),
        ):
            page = web.get(path)
            assert language == "en" or texts.gettext(heading) != heading
            assert f'<html lang="{language}"' in page.text
            assert f"<h1>{texts.gettext(heading)}</h1>" in page.text, path
            assert page.headers["content-language"] == language
            assert {"accept-language", "hx-request"} <= set(re.split(r",\s*", page.headers["vary"].lower()))
        manifest = web.get("/manifest.webmanifest").json()
        assert (manifest["lang"], manifest["shortcuts"][1]["name"]) == (language, texts.gettext("Library"))


def test_what_somebody_chose_stays_when_they_sign_out_and_in_again(inlay: Inlay, alice: Person) -> None:
    with browser(inlay, alice, accepts="es") as web:
        assert '<html lang="es"' in web.get("/settings").text
        answer = web.post("/settings/language", data={"language": "de"})
        assert answer.status_code == 303
        settings = web.get(answer.headers["location"]).text
        assert '<html lang="de"' in settings
        assert re.search(r'<option value="de" lang="de" selected>Deutsch</option>', settings)
        assert web.post("/settings/language", data={"language": "tlh"}).status_code == 422
        web.post("/logout")
        assert '<html lang="es"' in web.get("/login").text
        web.post("/login", data={"name": alice.name, "password": PASSWORD})
        assert f"<h1>{catalogue('de').gettext('Library')}</h1>" in web.get("/library").text
        token = re.search(r'"X-CSRF-Token":"([^"]+)"', web.get("/").text)
        assert token
        web.post("/settings/language", data={"language": ""}, headers={"X-CSRF-Token": token[1]})
        assert '<html lang="es"' in web.get("/library").text


def test_pages_that_look_up_nobody_are_in_the_language_of_who_is_signed_in(
    inlay: Inlay, alice: Person
) -> None:
    texts = catalogue("de")
    with browser(inlay, alice, accepts="es") as web:
        web.post("/settings/language", data={"language": "de"})
        assert '<html lang="de"' in web.get("/").text
        assert f"<h1>{texts.gettext('Inlay is out of reach')}</h1>" in web.get("/offline").text
        assert f"<h1>{texts.gettext('Add to Inlay')}</h1>" in web.get("/add/now").text
        web.post("/logout")
        assert '<html lang="es"' in web.get("/add/now").text


def test_a_program_is_told_in_english_and_a_reader_beside_it_in_their_language(
    inlay: Inlay, alice: Person
) -> None:
    english = "There is nothing at this address."
    with alice.inlay.api() as program, browser(inlay, alice) as web:
        address = f"{inlay.url}/api/v1/nothing"
        assert program.get(address).json().keys() == {"status", "title", "detail", "code"}
        for headers in ({"Accept-Language": "de-AT"}, {"Accept-Language": "es;q=0.5, de"}):
            problem = program.get(address, headers=headers).json()
            assert problem["detail"] == english
            assert problem["told"] == catalogue("de").tell(english) != english
        web.post("/settings/language", data={"language": "es"})
        problem = program.post("/downloads/url", json={"url": "nothing"}).json()
        assert problem["told"] == catalogue("es").tell(problem["detail"]) != problem["detail"]


@pytest.mark.parametrize("language", ["de", "es"])
def test_a_stored_sentence_is_told_on_the_page_and_stays_english_elsewhere(
    inlay: Inlay, alice: Person, language: str
) -> None:
    id = fail(alice, "Kiln", STORED)
    told = catalogue(language).tell(STORED)
    assert "120" in told
    assert told != STORED
    with browser(inlay, alice, accepts=language) as web:
        page = web.get("/").text
        assert told in page
        assert STORED not in page
    with alice.inlay.api() as api:
        api.headers["Accept-Language"] = language
        assert STORED in json.dumps(api.get(f"/downloads/{id}").json())


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_others_wrote_stays_and_is_escaped(inlay: Inlay, alice: Person, language: str) -> None:
    fail(alice, HOSTILE, f"Nobody knows <i>this</i> sentence of {HOSTILE}.")
    fail(alice, "Library", "Added “Library” to the library")
    with browser(inlay, alice, accepts=language) as web:
        page = web.get("/").text
    titles = re.findall(r'<strong class="name" dir="auto">(.*?)</strong>', page)
    assert sorted(titles) == ["Cancelled &lt;b&gt;{title}&lt;/b&gt; %(num)s", "Library"]
    assert (
        "Nobody knows &lt;i&gt;this&lt;/i&gt; sentence of Cancelled &lt;b&gt;{title}&lt;/b&gt; %(num)s."
        in page
    )


def test_an_english_page_says_what_the_templates_say(inlay: Inlay, alice: Person) -> None:
    fail(alice, "Kiln", STORED)
    with browser(inlay, alice, accepts="en") as web:
        inbox, settings = web.get("/").text, web.get("/settings").text
    for text in (STORED, "Get it", 'placeholder="Paste a link"', ">More</a>", 'aria-label="Retry Kiln"'):
        assert text in inbox, text
    for text in ("As everybody here: keep both", "<small>queue, sites, disks, yt-dlp</small>", "this device"):
        assert text in settings, text
