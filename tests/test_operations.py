"""Looking after a running server: /metrics, the quick check, and a backup that is used somewhere else."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from app import meters
from app.accounts import queries, sessions
from app.accounts.model import Scope
from app.opening import open_database
from app.settings import Settings
from tests.journeys import problem, short_track
from tests.media.site import MediaSite
from tests.running import Inlay, free_port, wait_for

TOKEN = "token-for-the-metrics-0123456789"
HOSTILE = 'Evil",state="done"} 7\ninlay_forged{x="'


@dataclass
class World:
    inlay: Inlay
    review: str
    """A download that waits for its review."""
    bob: str
    submit: str

    def scrape(self, token: str = TOKEN, **headers: str) -> httpx.Response:
        return httpx.get(
            f"{self.inlay.url}/metrics", headers={"Authorization": f"Bearer {token}", **headers}, verify=False
        )

    def numbers(self) -> dict[str, Metric]:
        return {one.name: one for one in text_string_to_metric_families(self.scrape().text)}


def people(inlay: Inlay) -> tuple[str, str]:
    """Alice, an admin, and Bob: a token of his, and one of hers that may hand in links only."""
    inlay.data.mkdir(mode=0o700)
    opened = open_database(Settings(data_dir=inlay.data, library_dir=inlay.library))
    with opened.write() as session:
        alice = queries.create_user(session, "alice", "no password", is_admin=True)
        bob = queries.create_user(session, "bob", "no password", is_admin=False)
        made = [
            sessions.create_token(session, user.id, scope, "test")[1]
            for user, scope in ((alice, Scope.FULL), (bob, Scope.FULL), (alice, Scope.SUBMIT))
        ]
    opened.close()
    inlay.token = made[0]
    return made[1], made[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One track added, one in review, one that failed."""
    home = tmp_path_factory.mktemp("operations")
    with MediaSite() as site, Inlay(home, metrics_token=TOKEN, retry_delays_s="0") as inlay:
        bob, submit = people(inlay)
        inlay.start()
        inlay.done(inlay.submit(short_track(site, "one", title=HOSTILE), skip_review=True))
        review = inlay.submit(short_track(site, "two"))
        inlay.rest(inlay.submit(f"{site.url}/not-there"))
        inlay.rest(review)
        yield World(inlay, review, bob, submit)


def value(metric: Metric, suffix: str = "", **labels: str) -> float:
    found = [one.value for one in metric.samples if one.name == metric.name + suffix and one.labels == labels]
    assert len(found) == 1, (suffix, labels, metric.samples)
    return float(found[0])


def test_metrics_are_for_admins_and_for_their_token_which_opens_nothing_else(world: World) -> None:
    assert world.scrape().status_code == 200
    assert world.scrape(world.inlay.token).status_code == 200
    problem(world.scrape("wrong-token-for-the-metrics"), 401, "login_required")
    problem(httpx.get(f"{world.inlay.url}/metrics", verify=False), 401, "login_required")
    problem(world.scrape(world.bob), 403, "admins_only")
    problem(world.scrape(world.submit), 403, "scope")
    with world.inlay.api(TOKEN) as api:
        for path in ("/downloads", "/downloads/stats", "/sessions", "/library/tracks"):
            problem(api.get(path), 401, "login_required")
        problem(api.post("/downloads/url", json={"url": "https://example.org/"}), 401, "login_required")


def test_metrics_say_how_it_is(world: World) -> None:
    found = world.numbers()
    assert value(found["inlay_downloads"], state="done") == 1
    assert value(found["inlay_downloads"], state="review") == 1
    assert value(found["inlay_downloads"], state="queued") == 0
    assert value(found["inlay_downloads_ended"], "_total", state="done", failure_kind="") == 1
    assert value(found["inlay_downloads_ended"], "_total", state="failed", failure_kind="permanent") == 1
    assert value(found["inlay_fetched_bytes"], "_total") > 100_000
    for name, number in (("fetch", 2), ("finalize", 1)):
        metric = found[f"inlay_{name}_duration_seconds"]
        assert value(metric, "_count") == number
        assert 0 < value(metric, "_sum") < 300
        assert value(metric, "_bucket", le="+Inf") == number
    assert value(found["inlay_queue_wait_seconds"], "_count") == 3
    assert value(found["inlay_workers"]) == 4
    assert value(found["inlay_workers_busy"]) == value(found["inlay_sites_paused"]) == 0
    assert value(found["inlay_library_tracks"]) == 1
    # What is in there is looked at every three seconds.
    assert wait_for(lambda: value(world.numbers()["inlay_staging_bytes"]) > 100_000, 10, every=0.5)
    assert value(found["inlay_disk_free_bytes"], folder="library") > 1_000_000
    assert value(found["inlay_database_bytes"]) > 100_000
    assert value(found["inlay_yt_dlp_age_seconds"]) >= 0
    assert 20_000_000 < value(found["inlay_resident_memory_bytes"]) < 500_000_000
    (build,) = found["inlay_build_info"].samples
    assert build.labels["sqlite"] == sqlite3.sqlite_version
    assert all(metric.documentation for metric in found.values())


def test_no_label_is_a_strangers_and_there_are_few_of_them(world: World) -> None:
    for number in range(20):
        httpx.get(f"{world.inlay.url}/made-up/{number}?x={number}", verify=False)
        httpx.get(f"{world.inlay.url}/downloads/{number}/review", verify=False)
        httpx.request("PROPFIND", f"{world.inlay.url}/library", verify=False)
    text = world.scrape().text
    for strange in ("Evil", "forged", "made-up", "MADE", "127.0.0.1", "alice", str(world.inlay.home)):
        assert strange not in text
    found = world.numbers()
    routes = {one.labels["route"] for one in found["inlay_http_requests"].samples}
    assert {"/downloads/{id}/review", "/api/v1/downloads/url", "none"} <= routes
    assert value(found["inlay_http_requests"], "_total", method="GET", route="none", status="404") == 20
    assert "other" in {one.labels["method"] for one in found["inlay_http_requests"].samples}
    assert len([line for line in text.splitlines() if not line.startswith("#")]) < 1000


def test_a_scrape_writes_nothing_and_is_quick(world: World) -> None:
    file = world.inlay.data / "inlay.db"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE tokens SET used_at = NULL")
    world.scrape()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        before = db.execute("PRAGMA data_version").fetchone()
        began = time.monotonic()
        for _ in range(10):
            assert world.scrape(world.inlay.token).is_success
        assert time.monotonic() - began < 5
        assert db.execute("PRAGMA data_version").fetchone() == before
        assert db.execute("SELECT count(*) FROM tokens WHERE used_at IS NOT NULL").fetchone() == (0,)


def test_open_metrics_are_spoken_too(world: World) -> None:
    answer = world.scrape(Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_time_is_counted_in_its_bucket() -> None:
    name, bounds = "inlay_queue_wait_seconds", meters.LONG_S
    before = meters.read()[name].get((), [0.0] * (len(bounds) + 2))
    for seconds in (0.1, bounds[0], bounds[0] + 0.01, 1e9):
        meters.observe(name, seconds)
    grown = [now - then for now, then in zip(meters.read()[name][()], before, strict=True)]
    assert grown[1:3] == [2, 1]
    assert grown[-1] == 1
    assert sum(grown[1:]) == 4


def test_the_quick_check_says_whether_the_server_is_well_and_how_long_it_took(world: World) -> None:
    done = world.inlay.command("doctor", "--quick", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert [one["check"] for one in told["findings"]] == [
        *("server", "data folder", "staging folder", "library folder", "library marker", "database"),
    ]
    assert 0 < told["ms"] < 30_000
    assert world.inlay.command("doctor", "--quick", "--worker").returncode == 0
    told = json.loads(world.inlay.command("doctor", "--json").stdout)
    assert {"check": "server", "level": "ok"}.items() <= told[0].items()


def test_the_quick_check_fails_where_no_server_answers(world: World) -> None:
    world.inlay.environment["INLAY_PORT"] = str(free_port())
    try:
        done = world.inlay.command("doctor", "--quick")
    finally:
        world.inlay.environment["INLAY_PORT"] = str(world.inlay.port)
    assert done.returncode == 1
    assert "[server-not-answering]" in done.stdout


def test_a_backup_of_a_running_server_is_a_whole_installation_elsewhere(world: World, tmp_path: Path) -> None:
    """Without the music, and without what waits for its review: that says so, and is fetched again."""
    copy = tmp_path / "copy.db"
    done = world.inlay.command("backup", str(copy))
    assert done.returncode == 0, done.stderr
    assert "Not in it" in done.stdout
    with Inlay(tmp_path / "elsewhere") as other:
        other.token = world.inlay.token
        assert other.command("restore", str(copy)).returncode == 0
        other.start()
        with other.api() as api:
            found = {one["id"]: one for one in api.get("/downloads").json()["items"]}
            assert found[world.review]["state"] == "review"
            told: dict[str, Any] = api.post("/downloads/confirm", json={"id": world.review}).json()
        assert told["state"] == "finalizing"
        ended = other.rest(world.review)
        assert ended["state"] == "failed"
        assert ended["failure"]["message"].endswith((".", "?"))
        assert "Traceback" not in other.log.read_text()
        other.stop()
