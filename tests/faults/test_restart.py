"""Stops, second servers and lost rings: work goes on, and no site gets more than its share."""

import signal
import threading
from contextlib import closing
from typing import Self

import pytest

from tests.faults.conftest import MakeScene
from tests.faults.invariants import ends_well, goes_on_well
from tests.faults.world import LONGER_S, Scene
from tests.media.faults import Slow, Wait
from tests.media.site import MediaSite
from tests.running import Inlay, free_port, wait_for

STOP_S = 8
LOOK_OFTEN = """
from app.downloads import reconcile

reconcile.ROUND_S = reconcile.STRANDED_S = 0.5

from app.cli import main
main()
"""
LOSE_RINGS = """
import threading
from app import queue
from app.downloads import reconcile

reconcile.ROUND_S = 0.5
ring = queue.Queue.ring
def lose(self, name, id):
    if threading.current_thread().name == "reconciler":
        ring(self, name, id)
queue.Queue.ring = lose

from app.cli import main
main()
"""
"""Each ring is lost but the reconciler's."""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_of_work_loses_nothing(lend: MakeScene, number: signal.Signals) -> None:
    scene = lend(per_site="3")
    names = (f"slow 1, {number.name}", f"slow 2, {number.name}")
    slow = [scene.hand_in(name, faults=[Slow(20_000)]) for name in names]
    for name in names:
        wait_for(lambda name=name: scene.received(name) > 30_000)
    long = scene.in_review(f"long, {number.name}", "m4a", LONGER_S)
    wait_for(lambda: scene.workers("ffmpeg"))
    code, took_s = scene.signal(number)
    assert code == 0
    assert took_s < STOP_S
    assert scene.processes() == []
    assert [scene.row(id)["state"] for id in slow] == ["queued", "queued"]
    assert all("source.opus.part" in scene.staged(id) for id in slow)
    assert (scene.row(long)["state"], scene.row(long)["conversion"]) == ("review", "waiting")
    scene.site.mend()
    goes_on_well(scene.start())
    assert all(scene.ranges(name) for name in names), "it began from the start again"


def test_a_second_server_on_the_same_data_says_so_and_the_first_goes_on(lend: MakeScene) -> None:
    scene = lend(per_site="3")
    id = scene.hand_in("first", page_faults=[Wait(2, times=1)])
    scene.until(id, state="probing")
    second = Inlay(scene.home, port=str(free_port())).command("serve")
    assert second.returncode != 0
    assert "running already with this data folder" in second.stderr
    assert scene.row(id)["state"] in ("probing", "downloading", "review")
    assert scene.row(id)["attempts"] == 1
    goes_on_well(scene)


def test_rings_lost_while_the_server_is_down_are_rung_again(make_scene: MakeScene) -> None:
    scene = make_scene(per_site="1").start()
    scene.hand_in("first", page_faults=[Wait(60, times=1)])
    wait_for(lambda: scene.site.hits)
    second = scene.hand_in("second")
    scene.kill()
    assert scene.row(second)["state"] == "queued"
    forget_rings(scene)
    ends_well(scene.start())


def test_rings_lost_while_the_server_runs_are_rung_again(make_scene: MakeScene) -> None:
    scene = make_scene(workers="1")
    scene.run("-c", LOSE_RINGS)
    scene.start()
    for name in ("first", "second"):
        scene.hand_in(name)
    ends_well(scene)


def test_what_looks_busy_while_nobody_works_on_it_waits_again(make_scene: MakeScene) -> None:
    """As when the database refused at the end of its work."""
    scene = make_scene(per_site="1")
    scene.run("-c", LOOK_OFTEN)
    scene.start()
    scene.hand_in("first", faults=[Slow(10_000)])
    wait_for(scene.fetching)
    left = scene.hand_in("left behind")
    with closing(scene.database(write=True)) as connection:
        connection.execute("update downloads set state = 'downloading' where id = ?", (left,))
    scene.until(left, state="queued")
    assert f"[download={left}] was left behind" in scene.log.read_text()
    ends_well(scene)


@pytest.mark.slow
def test_two_users_share_a_site_that_never_gets_more_than_its_limit(make_scene: MakeScene) -> None:
    scene = make_scene(workers="4", per_site="2").start()
    tokens = scene.add_user("bob"), scene.token
    with Traffic(scene.site) as traffic:
        for number in range(8):
            scene.token = tokens[number % 2]
            scene.hand_in(f"song {number}", rate_bps=100_000, ask={"skip_review": True})
        ends_well(scene)
    assert traffic.most == 2


def forget_rings(scene: Scene) -> None:
    """Empty the queue behind the server's back."""
    with closing(scene.database(write=True)) as connection:
        connection.execute("delete from task")


class Traffic:
    """How many tracks' audio a site sends at the same time, at most.

    Tracks, not connections: yt-dlp keeps the one by which it found out what is there open for a while.
    """

    def __init__(self, site: MediaSite) -> None:
        self.site = site
        self.most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        """What grew in two looks running was under way in the moment between them."""
        sent: list[int] = []
        grew: set[int] = set()
        while not self._ended.wait(0.15):
            hits = [hit for hit in self.site.hits if hit.path.startswith("/media/")]
            now = [hit.sent for hit in hits]
            before = sent + [0] * (len(now) - len(sent))
            grows = {index for index, (old, new) in enumerate(zip(before, now, strict=True)) if new > old}
            self.most = max(self.most, len({hits[index].path for index in grows & grew}))
            sent, grew = now, grows
