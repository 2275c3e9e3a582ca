"""The benchmarks run, on short tracks; how fast is for `python -m tests.bench` to say, on a quiet machine."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.bench import batch, board, egress, library, memory, pages, propose, recovery, scan, writes
from tests.bench.figures import Figure, Table, summary
from tests.bench.tracing import Trace
from tests.bench.world import Bench, Scale
from tests.media.site import MediaSite
from tests.running import Inlay

TINY = Scale(
    track_s=2,
    tracks=1,
    at_once=1,
    formats=("mp3",),
    shelf=3,
    slow_bps=20_000,
    probe_s=0.2,
    idle_s=0.2,
    rest_s=0.2,
)


@dataclass
class Small:
    bench: Bench
    trace: Trace | None


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, site: MediaSite) -> Iterator[Small]:
    """All parts share one Inlay here, with room for what each of them wants."""
    home = tmp_path_factory.mktemp("bench")
    with Inlay(home, **{**batch.SETTINGS, **pages.SETTINGS}) as inlay:
        inlay.add_user("alice", admin=True)
        trace = writes.trace_of(inlay) if writes.can_trace() else None
        inlay.start()
        yield Small(Bench(site, inlay, TINY, rounds=1), trace)


def named(table: Table) -> dict[str, Figure]:
    assert "\n".join(table.lines()).startswith(f"{table.part}: ")
    assert json.loads(json.dumps(table.as_json()))["figures"]
    return {figure.name.strip(): figure for figure in table.figures}


def test_many_tracks_are_compared_with_xargs(small: Small) -> None:
    before = len(small.bench.inlay.files())
    found = named(batch.measure(small.bench))
    assert found["× xargs"].most == batch.MP3
    assert len(small.bench.inlay.files()) == before + TINY.tracks


def test_writes_are_told_by_kind_of_file(small: Small) -> None:
    assert shutil.which("strace"), "apt install strace"
    assert small.trace
    found = named(writes.measure(small.bench, small.trace))
    assert found["mp3, no review: database, fsyncs"].value > 3
    assert found["mp3, no review: library, written"].value > 0.02
    assert found["progress: written to the database"].met


def test_downloads_run_again_after_a_power_cut(small: Small) -> None:
    found = named(recovery.measure(small.bench))
    assert found["all of them run again after"].value >= found["pages answer again after"].value


def test_memory_is_told_of_every_process(small: Small) -> None:
    found = named(memory.measure(small.bench))
    assert found["1 downloads run"].value > found["idle, fresh"].value > 20
    assert found["the largest child"].value > 10


def test_the_egress_guard_has_a_price() -> None:
    found = named(egress.measure(1, 2_000_000))
    assert found["through the guard"].value > 0


def test_proposals_are_counted_by_the_second() -> None:
    found = named(propose.measure(1))
    assert found["titles: a second"].value > 100
    assert found["titles: for 1,000"].most == 500


def test_a_library_is_searched_and_looked_at() -> None:
    found = named(library.measure(1, 300))
    assert found["search, a typo"].most == 50
    assert found["page, newest"].value > 0


def test_a_folder_of_all_formats_is_scanned_next_to_a_plain_loop_and_to_beets() -> None:
    found = named(scan.measure(1, 60))
    assert found["× mutagen loop"].most == 2
    assert found["× beet import -A, a file"].most == 0.1
    assert found["rescan, nothing changed: files a second"].value > 0


def test_a_small_board_is_a_group_of_processes() -> None:
    if not board.can_group():
        pytest.skip("no control group can be made here")
    found = named(board.measure(1, track_s=2, cores=2, settle_s=0.2))
    assert found["start to the first answer"].most == board.START_S
    assert found["killed for want of memory"].value == 0
    # What it reads and writes is counted with it: nothing of this size is outside of the group.
    assert found["the group's most memory, files read included"].value > found["idle, fresh"].value


def test_a_summary_tells_which_aims_are_missed() -> None:
    table = Table("part", "of a test")
    table.add("slow", 3, "s", most=2)
    table.add("no aim", 1, "s")
    heading, line = summary([table])
    assert heading.startswith("aims")
    assert line.split()[-3:] == ["≤", "2", "MISSED"]
