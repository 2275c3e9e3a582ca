"""The naming page and *Rename the library*, without JavaScript, for admins alone; and `inlay rename`."""

import html
import json
import re
from pathlib import Path

import httpx
import pytest

from app.db import Database
from app.library import queries, rename_queries
from app.library.queries import Content, FileFacts
from app.tags.model import Tags
from tests.journeys import problem
from tests.running import Inlay, wait_for
from tests.tell.test_page import Browser

LONG = "A title that goes on and on, as titles of classical music do, " * 3
SONGS = [
    {"title": "One", "artist": "Ida", "album": "Tide", "album_artist": "Ida", "track_no": 1, "date": "1999"},
    {"title": "Two", "artist": "Ida", "album": "Tide", "album_artist": "Ida", "track_no": 2, "disc_no": 2},
    {"title": LONG, "artist": "Jane"},
    {"title": "Four", "artist": "Jane"},
    {"title": "Five", "artist": "Mira"},
    {"title": "Six <b>", "artist": "Mira"},
]


@pytest.fixture(scope="module")
def alice(inlay: Inlay) -> Browser:
    """An admin, in whose library there is some music."""
    db = Database(inlay.data / "inlay.db")
    for number, tags in enumerate(SONGS):
        file = inlay.library / f"in {number}.mp3"
        file.write_text(f"{number}")
        facts = file.stat()
        known = FileFacts(file.name, facts.st_size, facts.st_mtime_ns, facts.st_ino)
        with db.write() as session:
            queries.upsert(session, [(known, Content(Tags(**tags)))])  # type: ignore[arg-type]
    db.close()
    return Browser(inlay, "alice")


def get(browser: Browser, path: str, **query: str) -> str:
    answer = browser.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def send(browser: Browser, path: str, status: int = 200, **data: str) -> str:
    answer = browser.client.post(path, data={"csrf_token": browser.csrf, **data})
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def lines(page: str) -> list[str]:
    found = re.findall(r'<span class="path" dir="auto">([^<]*)</span>', page)
    return [html.unescape(one) for one in found]


def test_a_preset_is_previewed_on_real_tracks_chosen_and_used(alice: Browser) -> None:
    shown = lines(get(alice, "/settings/naming/preview", preset="plex"))
    assert "Ida/Tide/01 - One.mp3" in shown
    assert "Ida/Tide/202 - Two.mp3" in shown
    assert len(shown) >= 5
    assert any(one.startswith("Jane/A title that goes on") for one in shown)
    page = get(alice, "/settings/naming", preset="flat")
    assert "Mira - Six (b).mp3" in lines(page)
    assert 'value="standard" checked' in get(alice, "/settings/naming")
    send(alice, "/settings/naming", preset="navidrome")
    page = get(alice, "/settings/naming")
    assert 'value="navidrome" checked' in page
    assert "Ida/Tide (1999)/01 One.mp3" in lines(page)
    send(alice, "/settings/naming", preset="own", own="{genre}/{title}")
    assert "{genre}/{title}" in get(alice, "/settings/naming")
    send(alice, "/settings/naming", preset="standard")


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("{artist}", "needs {title}"),
        ("{titel}", "did you mean {title}?"),
        ("{title", "a brace too many or too few"),
        ("../{title}", "no “..”"),
        ("", "Write a template"),
        ("x" * 301, "At most 300 characters"),
    ],
)
def test_a_bad_template_gets_its_sentence_and_is_not_kept(alice: Browser, own: str, sentence: str) -> None:
    assert sentence in html.unescape(get(alice, "/settings/naming/preview", preset="own", own=own))
    page = send(alice, "/settings/naming", 422, preset="own", own=own)
    assert sentence in page
    assert 'value="standard" checked' in get(alice, "/settings/naming")


def test_the_library_is_renamed_and_taken_back_from_the_page(inlay: Inlay, alice: Browser) -> None:
    before = inlay.files()
    told = inlay.command("rename", "--dry-run", "--json")
    assert told.returncode == 0, told.stderr
    planned = {one["from"]: one["to"] for one in json.loads(told.stdout)["renames"]}
    assert planned["in 0.mp3"] == "Ida/Tide/01 One.mp3"
    assert inlay.files() == before
    page = get(alice, "/library/rename")
    assert set(planned.values()) <= set(lines(page))
    assert "Six (b)" in page
    [fingerprint] = re.findall(r'name="fingerprint" value="(\w+)"', page)
    assert "has changed meanwhile" in send(alice, "/library/rename", 409, fingerprint="another")
    send(alice, "/library/rename", fingerprint=fingerprint)
    wait_for(lambda: "is done: 6 of 6" in get(alice, "/library/rename"), 20)
    assert inlay.files() == sorted(planned.values())
    assert "have their names already" in get(alice, "/library/rename")
    send(alice, "/library/rename/undo")
    wait_for(lambda: "was taken back" in get(alice, "/library/rename"), 20)
    assert inlay.files() == before
    send(alice, "/library/rename/undo", 409)


def test_the_command_renames_while_inlay_runs_and_while_it_does_not(inlay: Inlay, alice: Browser) -> None:
    before = inlay.files()
    done = inlay.command("rename")
    assert done.returncode == 0, done.stderr
    assert "6 moves were made." in done.stdout
    assert "Mira/Five.mp3" in inlay.files()
    again = inlay.command("rename")
    assert again.returncode == 1
    assert "have their names already" in again.stderr
    back = inlay.command("rename", "--undo", "--json")
    assert json.loads(back.stdout) == {"back": 6}
    assert inlay.files() == before


def test_only_admins_name_and_rename(inlay: Inlay, alice: Browser) -> None:
    inlay.add_user("bob")
    bob = Browser(inlay, "bob")
    for path in (
        "/settings/naming",
        "/settings/naming/preview",
        "/library/rename",
        "/library/rename/progress",
    ):
        assert bob.client.get(path).status_code == 403
    for path in ("/settings/naming", "/library/rename", "/library/rename/stop", "/library/rename/undo"):
        send(bob, path, 403, preset="flat")
    assert "/settings/naming" not in bob.client.get("/settings").text


def test_the_environment_wins_and_the_page_says_so(tmp_path: Path) -> None:
    with Inlay(tmp_path / "fixed", naming="{artist} – {title}") as fixed:
        fixed.add_user("alice", admin=True)
        fixed.start(command="web")
        browser = Browser(fixed, "alice")
        page = get(browser, "/settings/naming")
        assert "INLAY_NAMING says how tracks are named" in page
        assert "{artist} – {title}" in page
        assert "INLAY_NAMING" in send(browser, "/settings/naming", 409, preset="flat")
        db = Database(fixed.data / "inlay.db")
        with db.read() as session:
            assert rename_queries.choice(session, "naming") is None
        db.close()


def test_programs_of_admins_name_rename_and_take_back(inlay: Inlay, alice: Browser) -> None:
    before = inlay.files()
    with inlay.api() as api:
        now = api.get("/library/naming").json()
        assert (now["preset"], now["fixed"]) == ("standard", False)
        names = {one["path"]: one["new_path"] for one in preview(api, template="{genre}/{title}")}
        assert names["in 4.mp3"] == "Five.mp3"
        problem(api.put("/library/naming", json={"template": "{titel}"}), 422, "invalid")
        assert api.put("/library/naming", json={"preset": "flat"}).json()["template"] == "{artist} - {title}"
        plan = api.get("/library/rename/plan?limit=2").json()
        assert (plan["renames"], len(plan["items"])) == (6, 2)
        assert inlay.files() == before
        problem(api.post("/library/rename", json={"fingerprint": "another"}), 409, "changed")
        begun = api.post("/library/rename", json={"fingerprint": plan["fingerprint"]})
        assert begun.status_code == 202, begun.text
        wait_for(lambda: api.get("/library/rename").json()["stage"] == "done", 20)
        assert "Mira - Five.mp3" in inlay.files()
        assert api.get("/library/rename").json()["undoable"]
        problem(api.post("/library/rename/stop"), 409, "too_late")
        assert api.post("/library/rename/undo").status_code == 202
        wait_for(lambda: api.get("/library/rename").json()["stage"] == "undone", 20)
        assert inlay.files() == before
        api.put("/library/naming", json={"preset": "standard"})


def preview(api: httpx.Client, **query: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = api.get("/library/naming/preview", params=query).json()["items"]
    return found


def test_programs_of_others_neither_see_nor_change_names(inlay: Inlay) -> None:
    theirs = inlay.add_user("cleo")
    with inlay.api(theirs) as other:
        for path in ("naming", "naming/preview?preset=flat", "rename", "rename/plan"):
            problem(other.get(f"/library/{path}"), 403, "admins_only")
        problem(other.put("/library/naming", json={"preset": "flat"}), 403, "admins_only")
        problem(other.post("/library/rename", json={"fingerprint": ""}), 403, "admins_only")
        for what in ("stop", "undo"):
            problem(other.post(f"/library/rename/{what}"), 403, "admins_only")
