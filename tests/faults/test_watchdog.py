"""What never ends is ended: silence, a drip, a site that is too slow for the time that one track has."""

from pathlib import Path

import pytest

from app.downloads.watchdog import clock_of
from tests.faults.conftest import MakeScene
from tests.faults.invariants import ends_well
from tests.hostile.bombs import flac_million_comments
from tests.media.faults import Slow, Stall
from tests.running import wait_for


def test_a_download_that_receives_nothing_is_stopped_and_tried_again(make_scene: MakeScene) -> None:
    # On a busy machine a shorter time is over before the audio has begun, three tries long.
    scene = make_scene(stall_s="15").start()
    id = scene.hand_in("silent", faults=[Stall(30_000)])
    waits = wait_for(lambda: scene.received("silent") and (row := scene.row(id))["retry_at"] and row, 120)
    assert waits["state"] == "queued"
    assert "sent nothing for 15 seconds" in waits["failure_message"]
    assert "source.opus.part" in scene.staged(id)
    wait_for(lambda: not scene.workers(), 5)
    scene.site.mend()
    ends_well(scene)
    assert scene.ranges("silent"), "it began from the start again"


def test_a_drip_is_as_good_as_silence(make_scene: MakeScene) -> None:
    scene = make_scene(stall_s="5", retry_delays_s="0").start()
    id = scene.hand_in("drip", faults=[Slow(1)])
    failed = scene.rest(id)
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "temporary")
    wait_for(lambda: not scene.workers(), 5)


def test_one_track_has_so_much_time_and_no_more(make_scene: MakeScene) -> None:
    scene = make_scene(max_wall_s="10").start()
    id = scene.hand_in("slow", faults=[Slow(3_000)])
    failed = scene.rest(id)
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "permanent")
    assert "longer than 10 seconds" in failed["failure"]["message"]
    wait_for(lambda: not scene.folder(id).exists())
    scene.site.mend()
    assert scene.ask(id, "retry").status_code == 200
    ends_well(scene)


def test_tags_that_take_too_long_to_read_end_the_download(make_scene: MakeScene, tmp_path: Path) -> None:
    scene = make_scene()
    scene.run("-c", "import app.downloads.watchdog as w; w.READING_S = 0.1; from app.cli import main; main()")
    scene.start()
    bomb = tmp_path / "bomb.flac"
    bomb.write_bytes(flac_million_comments())
    failed = scene.rest(scene.submit(scene.site.track("bomb", bomb, title="Bomb")))
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "permanent")
    assert "too long to read" in failed["failure"]["message"]
    wait_for(lambda: not scene.workers(), 5)


@pytest.mark.parametrize(
    ("seconds", "said"), [(3600, "1 hour"), (14400, "4 hours"), (120, "2 minutes"), (45, "45 seconds")]
)
def test_a_time_is_said_in_words(seconds: int, said: str) -> None:
    assert clock_of(seconds) == said
