"""What a child may take: memory, processor, files, priority; and what it is given from its parent."""

import json
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.children import limits, parent
from app.children.parent import ChildCrashed, WarmParent
from app.downloads import warmup
from app.downloads.staged import Staged
from app.errors import Failure
from app.settings import Settings
from app.sources.addresses import Allowed
from app.sources.base import Order
from app.sources.egress import EgressGuard
from tests.media.site import MediaSite
from tests.test_tags_child import bomb

CALLS = "tests.child_calls"
MiB = 2**20
# A child that fetches may have so much in all: what its modules take, and FETCH on top of it.
MOST_BYTES = 420 * MiB


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmParent]:
    running = WarmParent(warmup.CALL)
    yield running
    running.close()


@pytest.fixture(scope="module")
def guard() -> Iterator[EgressGuard]:
    running = EgressGuard(Allowed("127.0.0.1"))
    running.start()
    yield running
    running.stop()


def fetch(url: str, folder: Path, warm: WarmParent, guard: EgressGuard) -> dict[str, Any]:
    """A download as the stage makes it: its failure's sentence, and the most memory that its child had."""
    settings = Settings(max_file_bytes=64 * MiB)
    ticket = guard.open(folder.name, 8 * 2**30)
    order = Order(
        url=url,
        folder=str(folder),
        quality="bestaudio",
        max_duration_s=3600,
        max_file_bytes=settings.max_file_bytes,
        proxy=ticket.url,
    )
    within = limits.fetch_limits(settings, folder, guard.port)
    found: dict[str, Any] = {}
    with warm.child("tests.fetch_calls:fetch_and_tell", msgspec.to_builtins(order), within) as child:
        try:
            for event in child.events(seconds=120):
                found.update(event)
        except Failure as failure:
            found["failure"] = failure.message
    return found


def bomb_of(text: bytes) -> bytes:
    """`text` and 1.5 GB of more, gzipped."""
    packer = zlib.compressobj(1, wbits=31)
    start = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + (packer.compress(b" marsh\n" * 2**21) + packer.flush(zlib.Z_FULL_FLUSH)) * 100


@pytest.mark.parametrize("kind", ["page", "playlist"])
def test_a_page_that_unpacks_to_gigabytes_fails_alone(
    kind: str, tmp_path: Path, site: MediaSite, warm: WarmParent, guard: EgressGuard
) -> None:
    headers = {"Content-Encoding": "gzip"}
    if kind == "page":
        url = site.page("bomb", bomb_of(b"<!doctype html><title>Salt"), headers=headers)
    else:
        list_type = "application/vnd.apple.mpegurl"
        url = site.file("bomb.m3u8", bomb_of(b"#EXTM3U\n"), list_type, headers=headers)
    found = fetch(url, tmp_path, warm, guard)
    assert "too large to be read" in found["failure"]
    assert found["peak_bytes"] < MOST_BYTES


def test_a_fetched_file_whose_tag_unpacks_to_a_gigabyte_costs_no_more(
    tmp_path: Path, site: MediaSite, warm: WarmParent, guard: EgressGuard
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "fetched").mkdir()
    url = site.file("bomb.mp3", bomb(tmp_path / "made"), "audio/mpeg")
    found = fetch(url, tmp_path / "fetched", warm, guard)
    assert found["failure"]
    assert found["peak_bytes"] < MOST_BYTES


def test_a_program_gets_more_memory_than_the_child_itself() -> None:
    within = limits.Limits(memory_bytes=100 * MiB, program_bytes=600 * MiB)
    ends = parent.run(
        f"{CALLS}:take_memory_in_a_program", {"size_bytes": 300 * MiB}, seconds=120, limits=within
    )
    assert ends == {"plain": 1, "roomy": 0}


def test_endless_computing_is_ended_with_a_sentence() -> None:
    with pytest.raises(Failure, match="too much computing"):
        parent.run(f"{CALLS}:compute", {}, seconds=120, limits={"cpu_s": 1})


def test_an_answer_without_end_is_not_taken() -> None:
    with pytest.raises(Failure, match="too much text"):
        parent.run(f"{CALLS}:say", {"chars": 20 * MiB}, seconds=120)


def test_no_child_can_name_another_process_or_file_as_its_own() -> None:
    ours, theirs = parent.socket.socketpair()
    child = parent.Child(ours, None)
    lines = [{"pid": 123_456_789}, {"pid": os.getpid()}, {"result": {}}]
    theirs.sendall(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    child.result(seconds=5)
    assert child._pid == 123_456_789
    told = {"info": {}, "source_quality": None, "thumbnail_file": None, "cover_file": None, "in_file": {}}
    for name in ("../../inlay.db", "/etc/passwd", ".", "..", ".hidden", ""):
        with pytest.raises(msgspec.ValidationError, match="staging folder"):
            msgspec.convert({**told, "source_quality": QUALITY, "source_file": name}, Staged)


QUALITY = {"codec": "mp3", "container": "mp3", "lossless": False, "size_bytes": 1}


@pytest.mark.parametrize("kind", ["fresh", "forked"])
def test_a_child_has_its_channel_and_nothing_else_of_its_parent(
    kind: str, tmp_path: Path, warm: WarmParent
) -> None:
    within = limits.Limits(
        memory_bytes=256 * MiB, program_bytes=2**30, file_bytes=5, open_files=64, cpu_s=7, nice=5
    )
    with open(os.devnull), open(__file__):
        if kind == "fresh":
            found = parent.run(f"{CALLS}:stand", {}, seconds=120, limits=within)
        else:
            with warm.child(f"{CALLS}:stand", {}, within) as child:
                found = child.result(seconds=120)
    *standard, channel = found["descriptors"].values()
    assert standard == [os.devnull] * 3
    assert channel.startswith("socket:")
    assert (found["umask"], found["folder"], found["session"]) == (0o077, "/", True)
    assert (found["nice"], found["io"]) == (os.nice(0) + 5, 2 << 13 | 7)
    assert found["oom"] == min(1000, int(Path("/proc/self/oom_score_adj").read_text()) + 500)
    assert found["no_new_privileges"] == 0, "that is for a child with a reach"
    taken = found["limits"]
    assert (taken["RLIMIT_CORE"], taken["RLIMIT_CPU"]) == ([0, 0], [7, 12])
    assert (taken["RLIMIT_FSIZE"], taken["RLIMIT_NOFILE"]) == ([5, 5], [64, 64])
    soft, hard = taken["RLIMIT_DATA"]
    assert 256 * MiB < soft < MOST_BYTES
    assert hard == 2**30


def test_files_of_a_child_are_for_their_owner_alone(tmp_path: Path) -> None:
    parent.run(f"{CALLS}:write_file", {"path": str(tmp_path / "made"), "size_bytes": 1}, seconds=120)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


def test_a_child_that_says_nonsense_is_ended() -> None:
    ours, theirs = parent.socket.socketpair()
    child = parent.Child(ours, None)
    for _ in range(parent.MAX_LINE_BYTES // 60_000):
        theirs.send(b"x" * 60_000)
        assert child._receive(parent.time.monotonic() + 5) == []
    theirs.send(b"x" * 60_000)
    with pytest.raises(ChildCrashed, match="more than any"):
        child._receive(parent.time.monotonic() + 5)
