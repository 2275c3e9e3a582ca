"""The log of a running server: whose line it is, in both forms, with no secret and no forged line in it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.access import Access
from app.redact import Redactor, one_line
from tests.journeys import short_track
from tests.loops import finish
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay

WRONG = "correct-horse-battery"
FORGED = "Calm\n2026-01-01T00:00:00.000Z ERROR inlay.serve forged \x1b[31mred\x1b[0m \u202eesrever\r\nforged"
METRICS_TOKEN = "m-secret-of-the-metrics-1234"
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) [\w.]+ (\[[^\]]+\] )?\S|  \| "
)


@dataclass
class Told:
    """What a server wrote while somebody went through a journey."""

    text: str
    download: str
    failed: str
    refused: httpx.Response
    lost: httpx.Response
    cookie: str
    token: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


def downloads(inlay: Inlay, site: MediaSite) -> tuple[str, str]:
    """One that is added under a hostile title, and one that is not there."""
    link = f"{short_track(site, 'one', title=FORGED, artist='')}?key=s3cr3t-of-the-link"
    id = inlay.submit(link)
    inlay.rest(id)
    inlay.confirm(id, title=FORGED.replace("\n", " ").replace("\r", " ").replace("\x1b", ""), artist="Ida")
    inlay.done(id)
    failed = inlay.submit(f"{site.url}/nothing/here?signature=s3cr3t-of-the-link")
    inlay.rest(failed)
    return id, failed


def visit(inlay: Inlay, site: MediaSite | None = None) -> Told:
    token = inlay.add_user("alice", admin=True)
    inlay.start()
    id, failed = downloads(inlay, site) if site else ("", "")
    with httpx.Client(base_url=inlay.url, headers={"Origin": inlay.url}, verify=False) as web:
        web.post("/login", data={"name": PASSWORD, "password": WRONG})
        refused = web.post("/login", data={"name": "alice", "password": WRONG})
        web.post("/login", data={"name": "alice", "password": PASSWORD})
        cookie = web.cookies["inlay_session"]
        web.get("/metrics", params={"token": token}, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        web.get("/history", params={"token": token, "q": "s3cr3t-of-the-link"})
        path = "/nowhere%0a2026-01-01T00:00:00.000Z%20ERROR%20forged%1b"
        lost = web.get(path, headers={"X-Request-Id": "mine-mine"})
        web.put(f"/nowhere/{token}%0a2026-01-01T00:00:00.000Z%20forged%1b")
    inlay.stop()
    return Told(inlay.log.read_text(), id, failed, refused, lost, cookie, token)


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Everything there is, as JSON, with downloads."""
    settings = {"log_level": "debug", "log_format": "json", "metrics_token": METRICS_TOKEN}
    with MediaSite() as site, Inlay(tmp_path_factory.mktemp("json"), **settings) as inlay:
        return visit(inlay, site)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What one sees without any setting; nothing is fetched."""
    with Inlay(tmp_path_factory.mktemp("text"), metrics_token=METRICS_TOKEN) as inlay:
        return visit(inlay)


def test_no_secret_is_in_the_log_whatever_its_form_and_level(told: Told, all_told: Told) -> None:
    for one in (told, all_told):
        for secret in (WRONG, PASSWORD, METRICS_TOKEN, "s3cr3t", one.cookie, one.token):
            assert secret not in one.text, [line for line in one.lines if secret in line]


def test_a_title_and_an_address_forge_no_line_and_colour_no_terminal(told: Told, all_told: Told) -> None:
    assert "forged" in all_told.text, "it was written down"
    for one in (told, all_told):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", one.text)
    assert [line for line in told.lines if not LINE.match(line)] == []
    assert [line for line in told.lines if line.startswith("2026-01-01")] == []
    for line in all_told.objects:
        assert {"time", "level", "logger", "message"} <= set(line)


def test_each_event_of_a_download_is_one_line_and_nothing_is_said_of_looking(
    told: Told, all_told: Told
) -> None:
    heard = [line for line in all_told.objects if line["level"] != "debug"]
    of = {
        id: [line["message"] for line in heard if line.get("download_id") == id]
        for id in (all_told.download, all_told.failed)
    }
    handed_in, begun, by, ready, added = of[all_told.download]
    assert (handed_in, begun) == ("handed in: 127.0.0.1", "fetching from 127.0.0.1")
    assert by.startswith("yt-dlp 20")
    assert ready.startswith("ready for review")
    assert added.startswith("added Ida/")
    assert of[all_told.failed][3].startswith("failed (permanent): ")
    assert len(of[all_told.failed]) == 4
    assert [line for line in told.lines if " GET " in line] == []
    assert len([line for line in told.lines if "wrong password for user 1 from 127.0.0.1" in line]) == 1


def test_json_lines_carry_the_ids_through_worker_threads_and_what_a_child_reports(all_told: Told) -> None:
    of = [line for line in all_told.objects if line.get("download_id") == all_told.download]
    assert {"inlay.downloads", "inlay.stage", "inlay.egress", "inlay.finalize", "inlay.access"} <= {
        line["logger"] for line in of
    }
    assert all(line["user_id"] == 1 for line in of if line["logger"] in ("inlay.stage", "inlay.finalize"))
    requests = [line for line in all_told.objects if line["logger"] == "inlay.access"]
    assert len({line["request_id"] for line in requests}) == len(requests)
    looked = next(line for line in requests if line["path"] == "/history")
    assert (looked["method"], looked["status"], looked["user_id"]) == ("GET", 200, 1)
    assert 0 <= looked["ms"] < 20_000
    wrong = next(line for line in all_told.objects if "wrong password for user 1" in line["message"])
    assert wrong["request_id"] == all_told.refused.headers["x-request-id"]


def test_a_person_can_quote_the_request_of_an_error_page(told: Told, all_told: Told) -> None:
    for one in (told, all_told):
        id = one.lost.headers["x-request-id"]
        assert f"<code>{id}</code>" in one.lost.text
        assert id != "mine-mine", "a stranger does not name our lines"
    assert any(line.get("request_id") == all_told.lost.headers["x-request-id"] for line in all_told.objects)


async def _ask(given: bytes) -> str:
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-request-id", given)]}
    await Access(app, trusts=lambda scope: True)(scope, None, send)
    return dict(sent[0]["headers"])[b"x-request-id"].decode()


def test_a_trusted_proxy_may_name_the_request_if_the_name_is_one() -> None:
    assert finish(_ask(b"from-the-proxy-1")) == "from-the-proxy-1"
    assert re.fullmatch("[0-9a-f]{12}", finish(_ask(b"a b\nc-and-more")))


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer S3CR3T-abc",
        "{'Cookie': 'a=S3CR3T; b=S3CR3T'}",
        "Set-Cookie: id=S3CR3T; Path=/",
        ".example.org\tTRUE\t/\tTRUE\t1999999999\tSID\tS3CR3T",
        "http://user:S3CR3T@proxy.example:3128/",
        "https://cdn.example/a.mp4?expire=S3CR3T&sig=S3CR3T#access_token=S3CR3T",
        'password="S3CR3T with blanks" and api_key: S3CR3T',
        "GET /rest/startScan?u=S3CR3T&t=S3CR3T&s=S3CR3T",
        f"inlay_{'S3CR3T' * 6}",
        "it says known-S3CR3T-of-the-settings",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    shown = Redactor(["known-S3CR3T-of-the-settings", "short"])(text)
    assert "S3CR3T" not in shown
    assert "***" in shown


def test_ordinary_words_stay() -> None:
    for text in (
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL123 fetched",
        "added Ida Holm/Cookie Jar/03 Secret Token (short).mp3",
        "POST /api/v1/downloads/url 202 11 ms",
    ):
        assert Redactor(["short"])(text) == text
    assert one_line("Здравствуй, 夜の歌 ✦") == "Здравствуй, 夜の歌 ✦"
    assert one_line("a\tb\u2028c\ud800") == "a\\tb\\u2028c\\ud800"


def test_a_log_setting_is_checked(tmp_path: Path) -> None:
    with Inlay(tmp_path, metrics_token="short") as inlay:
        done = inlay.command("formats")
        assert done.returncode == 1
        assert "16" in done.stderr
        assert "short'" not in done.stderr
