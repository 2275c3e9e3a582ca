"""One child alone is killed or frozen: the download ends well, and nobody else notices."""

import signal

import pytest

from tests.faults.invariants import goes_on_well
from tests.faults.world import LONGER_S, Scene
from tests.media.faults import Slow
from tests.running import wait_for


def test_a_killed_download_is_taken_up_where_it_was(scene: Scene) -> None:
    id = scene.hand_in("fetched", faults=[Slow(20_000)])
    wait_for(lambda: scene.received("fetched") > 30_000)
    scene.site.mend()
    [child] = scene.fetching()
    child.kill()
    row = scene.until(id, state="review")
    assert row["attempts"] == 2
    assert scene.ranges("fetched"), "it began from the start again"
    goes_on_well(scene)


def test_a_link_whose_child_dies_every_time_is_given_up_with_a_reason(scene: Scene) -> None:
    id = scene.hand_in("deadly", faults=[Slow(1_000)])
    for _ in range(5):
        [child] = wait_for(scene.fetching)
        child.kill()
        wait_for(lambda child=child: child.pid not in [one.pid for one in scene.fetching()])
    failed = scene.rest(id)
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "permanent")
    scene.site.mend()
    assert scene.ask(id, "retry").status_code == 200
    goes_on_well(scene)


def test_a_killed_warm_parent_costs_no_download(scene: Scene) -> None:
    scene.hand_in("before", faults=[Slow(40_000)])
    wait_for(lambda: scene.received("before") > 20_000)
    killed = scene.warm_parent()
    killed.kill()
    scene.hand_in("after")
    goes_on_well(scene)
    assert len(scene.site.hits_at(scene.media_url("before"))) == 2, "it was fetched again"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "when"),
    [
        ("ffmpeg", "review"),
        ("inlay convert", "finalizing"),
        ("ffmpeg", "unreviewed"),
        ("inlay convert", "unreviewed"),
    ],
)
def test_a_killed_conversion_is_done_again(scene: Scene, who: str, when: str) -> None:
    name = f"converted {who} {when}"
    if when == "unreviewed":
        id = scene.hand_in(name, "m4a", LONGER_S, ask={"skip_review": True})
    else:
        id = scene.in_review(name, "m4a", LONGER_S)
    wait_for(lambda: scene.workers("ffmpeg"), every=0.005)
    if when == "finalizing":
        scene.confirm(id)
    for one in scene.workers(who):
        one.kill()
    goes_on_well(scene)


def test_a_frozen_child_is_ended_by_a_cancel(scene: Scene) -> None:
    id = scene.hand_in("frozen", faults=[Slow(20_000)])
    wait_for(lambda: scene.received("frozen") > 10_000)
    [child] = scene.fetching()
    child.kill(signal.SIGSTOP)
    assert scene.ask(id, "cancel").status_code == 200
    wait_for(lambda: not scene.fetching() and not scene.folder(id).exists(), 2)
    scene.site.mend()
    assert scene.ask(id, "retry").status_code == 200
    goes_on_well(scene)
