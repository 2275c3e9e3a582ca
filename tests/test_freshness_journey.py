"""A newer yt-dlp in a running server: real wheels, real downloads, a kill in the middle, ways back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.freshness.versions import bundled
from tests.fresh_index import FreshIndex, wheel
from tests.journeys import short_track
from tests.media.faults import Slow
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for

ROOT = Path(__file__).parents[1]
FIRST, SECOND = "2026.11.20", "2026.11.21"


@pytest.fixture(scope="module")
def index() -> Iterator[FreshIndex]:
    with FreshIndex() as running:
        yield running


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory, index: FreshIndex) -> Iterator[Inlay]:
    home = tmp_path_factory.mktemp("inlay")
    with Inlay(home, ytdlp_channel="stable", ytdlp_index_url=index.url) as running:
        running.add_user("alice", admin=True)
        yield running.start()


def told(inlay: Inlay) -> dict[str, Any]:
    with inlay.api() as api:
        found: dict[str, Any] = api.get("/downloads/stats").json()["yt_dlp"]
    return found


def fetched_by(inlay: Inlay, id: str) -> list[str]:
    """The versions that the log names for this download."""
    lines = inlay.log.read_text().splitlines()
    told = [line for line in lines if f"inlay.stage [download={id} " in line and "] yt-dlp " in line]
    return [line.rpartition(" ")[2] for line in told]


def update(inlay: Inlay, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = inlay.command("update-ytdlp", "--json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_journey_of_a_newer_yt_dlp(inlay: Inlay, index: FreshIndex, site: MediaSite) -> None:
    old = bundled().text
    before = told(inlay)
    assert (before["version"], before["origin"], before["last_look"]) == (old, "bundled", None)
    assert index.asked == [], "a start does not wait for anybody"
    first = inlay.submit(short_track(site, "first"))
    assert inlay.rest(first)["state"] == "review"
    assert fetched_by(inlay, first) == [bundled_padded()]

    # Nothing new: an admin asks on the page.
    with httpx.Client(base_url=inlay.url, verify=False, headers={"Origin": inlay.url}, timeout=20) as browser:
        browser.post("/login", data={"name": "alice", "password": PASSWORD})
        page = browser.get("/activity").text
        assert "Look for a newer yt-dlp" in page
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        assert browser.post("/activity/yt-dlp", data={"csrf_token": token}).status_code in (200, 303)
        look = wait_for(lambda: told(inlay)["last_look"])
        assert (look["outcome"], old in look["message"]) == ("current", True)
        assert "Last looked" in browser.get("/activity").text
    assert not (inlay.data / "yt-dlp").exists()

    # Killed in the middle: nothing has changed, and the next try cleans up.
    index.add(FIRST, wheel(FIRST))
    index.drip_s = 1.0
    killed = subprocess.Popen(
        [sys.executable, "-m", "app", "update-ytdlp"], env=inlay.environment, cwd=ROOT, start_new_session=True
    )
    wait_for(lambda: list((inlay.data / "yt-dlp").glob(".new-*/yt_dlp.whl")))
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    index.drip_s = 0.0
    assert told(inlay)["version"] == old
    # The child has lost its parent, and ends by itself.
    time.sleep(0.5)
    found = update(inlay)
    assert (found["outcome"], found["version"], found["before"]) == ("installed", FIRST, old)
    assert not list((inlay.data / "yt-dlp").glob(".new-*"))

    # The server that runs uses it at once, behind the same walls, without having been told.
    now = told(inlay)
    assert (now["version"], now["origin"], now["bundled"]) == (FIRST, "installed", old)
    assert (now["lacks"], now["aside"]) == ([], [])
    second = inlay.submit(short_track(site, "second"))
    assert inlay.rest(second)["state"] == "review"
    assert fetched_by(inlay, second) == [FIRST]


def test_a_download_that_runs_keeps_the_one_that_it_began_with(inlay: Inlay, site: MediaSite) -> None:
    slow = inlay.submit(short_track(site, "slow", faults=[Slow(rate_bps=8_000)]))
    wait_for(lambda: inlay.download(slow)["state"] == "downloading")
    copied(inlay.data / "yt-dlp" / FIRST, SECOND)
    assert told(inlay)["version"] == SECOND
    next_one = inlay.submit(short_track(site, "next"))
    assert inlay.rest(next_one)["state"] == "review"
    assert inlay.rest(slow)["state"] == "review"
    assert fetched_by(inlay, next_one) == [SECOND]
    assert fetched_by(inlay, slow) == [FIRST]


def test_the_doctor_sees_files_that_are_not_as_they_came(inlay: Inlay) -> None:
    # `copied` changed one.
    shown = json.loads(inlay.command("doctor", "--json").stdout)
    texts = [one["text"] for one in shown if one["check"].startswith("yt-dlp")]
    assert texts[0].startswith(f"{SECOND}, ")
    assert [text for text in texts if "1 files are not as they came (yt_dlp/version.py" in text], texts


def test_one_that_breaks_later_is_left_and_downloads_go_on(inlay: Inlay, site: MediaSite) -> None:
    broken = inlay.data / "yt-dlp" / SECOND / "yt_dlp"
    shutil.rmtree(broken / "networking")
    # A server that starts, not one that has it in memory already.
    inlay.stop()
    inlay.start()
    id = inlay.submit(short_track(site, "third"))
    assert inlay.rest(id)["state"] == "review"
    assert fetched_by(inlay, id) == [FIRST], "the one before"


def test_one_that_its_makers_withdraw_is_not_used_any_more(inlay: Inlay, index: FreshIndex) -> None:
    shutil.rmtree(inlay.data / "yt-dlp" / SECOND)
    assert told(inlay)["version"] == FIRST
    index.yank(FIRST)
    found = update(inlay)
    assert (found["outcome"], found["version"]) == ("current", bundled().text)
    assert told(inlay)["aside"] == [{"version": FIRST, "reason": "Its makers have withdrawn it."}]


def test_only_an_admin_has_it_looked_for(inlay: Inlay) -> None:
    with inlay.api(inlay.add_user("bob")) as bob:
        answer = httpx.post(f"{inlay.url}/activity/yt-dlp", headers=bob.headers)
    assert answer.status_code == 404


def copied(folder: Path, version: str) -> None:
    """Another version beside it, that appears as a real one does: by one rename."""
    ready = folder.with_name(".new-copied")
    shutil.copytree(folder, ready)
    file = ready / "yt_dlp" / "version.py"
    file.write_text(file.read_text().replace(folder.name, version))
    for compiled in (ready / "yt_dlp" / "__pycache__").glob("version.*"):
        compiled.unlink()
    ready.rename(folder.with_name(version))


def bundled_padded() -> str:
    year, month, day, *rest = bundled().numbers
    return ".".join([f"{year}.{month:02}.{day:02}", *map(str, rest)])
