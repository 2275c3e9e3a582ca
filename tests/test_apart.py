"""Web and worker as two processes: the rows and the staging folder are all that they share."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from app import meter_line, meters
from tests.media import audio
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for
from tests.test_operations import value

TOKEN = "token-for-the-metrics-0123456789"


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Inlay]:
    # Longer than the path of a socket may be.
    with Inlay(tmp_path / ("inlay" * 20), metrics_token=TOKEN) as inlay:
        inlay.add_user("alice", admin=True)
        inlay.start(command="web")
        worker = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            env=inlay.environment,
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            stderr=inlay.log.open("a"),
            text=True,
        )
        (inlay.home / "worker.pid").write_text(str(worker.pid))
        assert worker.stdout
        assert worker.stdout.readline() == "Inlay's worker is running.\n"
        try:
            yield inlay
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(10) in (0, -signal.SIGKILL)


def test_the_journey_works_across_two_processes(apart: Inlay, site: MediaSite) -> None:
    link = site.track("far", audio.make("opus"), title="Ida Holm - Saltmarsh", rate_bps=100_000)
    id = apart.submit(link)
    moving = wait_for(lambda: (d := apart.download(id))["progress"]["percent"] and d)
    assert moving["state"] == "downloading"
    apart.rest(id)
    apart.confirm(id)
    assert apart.done(id)["path"] == "Ida Holm/Saltmarsh.mp3"

    # What the other process has timed is in the pages' numbers, told apart from theirs.
    found = numbers(apart)
    for name in ("fetch", "convert", "finalize"):
        assert value(found[f"inlay_{name}_duration_seconds"], "_count", process="worker") == 1
        assert value(found[f"inlay_{name}_duration_seconds"], "_count", process="web") == 0
    ended = found["inlay_downloads_ended"]
    assert value(ended, "_total", process="worker", state="done", failure_kind="") == 1
    asked = [one for one in found["inlay_http_requests"].samples if one.labels["process"] == "worker"]
    assert asked == []
    for process in ("web", "worker"):
        assert value(found["inlay_resident_memory_bytes"], process=process) > 20_000_000
    assert value(found["inlay_worker_answers"]) == 1
    assert stat.S_IMODE((apart.data / meter_line.NAME).stat().st_mode) == 0o600
    # One that is away is left out, and not made up.
    os.kill(int((apart.home / "worker.pid").read_text()), signal.SIGKILL)
    found = wait_for(lambda: (n := numbers(apart)) and not value(n["inlay_worker_answers"]) and n, 10)
    assert {one.labels["process"] for one in found["inlay_fetch_duration_seconds"].samples} == {"web"}


def test_a_worker_takes_over_what_an_older_one_left_and_one_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter_line, "ANSWER_S", 0.3)
    assert meter_line.ask(tmp_path) is None, "none was ever there"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / meter_line.NAME))
        hanging.listen()
        assert meter_line.ask(tmp_path) is None
    assert meter_line.ask(tmp_path) is None
    line = meter_line.MeterLine(tmp_path)
    line.start()
    told = meter_line.ask(tmp_path)
    line.stop()
    assert told
    assert told[0] > 1_000_000
    assert told[1].keys() == meters.METERS.keys()
    assert meter_line.ask(tmp_path) is None
    assert not list(tmp_path.iterdir())


def numbers(inlay: Inlay) -> dict[str, Metric]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    told = httpx.get(f"{inlay.url}/metrics", headers=headers, verify=False, timeout=20)
    return {one.name: one for one in text_string_to_metric_families(told.text)}


def test_a_cancel_reaches_the_other_process(apart: Inlay, site: MediaSite) -> None:
    id = apart.submit(site.track("slow", audio.make("opus"), title="Ida Holm - Fog", rate_bps=10_000))
    wait_for(lambda: apart.download(id)["state"] == "downloading")
    with apart.api() as api:
        assert api.post(f"/downloads/{id}/cancel").json()["state"] == "cancelled"
    wait_for(lambda: not any(apart.staging.iterdir()), 3)
    assert apart.download(id)["state"] == "cancelled"


def test_pages_without_a_worker_warm_nothing_up(apart: Inlay) -> None:
    assert apart.process
    with httpx.Client(base_url=apart.url, verify=False, follow_redirects=True) as browser:
        assert browser.post("/login", data={"name": "alice", "password": PASSWORD}).status_code == 200
    tasks = Path(f"/proc/{apart.process.pid}/task").iterdir()
    assert [children for task in tasks if (children := (task / "children").read_text())] == []
