"""Web and worker as two processes: the rows and the staging folder are all that they share."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.media import audio
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Inlay]:
    with Inlay(tmp_path / "inlay") as inlay:
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
        assert worker.stdout
        assert worker.stdout.readline() == "Inlay's worker is running.\n"
        try:
            yield inlay
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(10) == 0


def test_the_journey_works_across_two_processes(apart: Inlay, site: MediaSite) -> None:
    link = site.track("far", audio.make("opus"), title="Ida Holm - Saltmarsh", rate_bps=100_000)
    id = apart.submit(link)
    moving = wait_for(lambda: (d := apart.download(id))["progress"]["percent"] and d)
    assert moving["state"] == "downloading"
    apart.rest(id)
    apart.confirm(id)
    assert apart.done(id)["path"] == "Ida Holm/Saltmarsh.mp3"


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
