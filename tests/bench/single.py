"""One track: from a link to its review, and to the tagged file in the library, next to one `yt-dlp`."""

import time

import httpx

from tests.bench.baseline import BARE, WHOLE, yt_dlp
from tests.bench.figures import Run, Table
from tests.bench.world import Bench

SETTINGS: dict[str, str] = {}
ROUNDS = 5
TO_REVIEW, TO_LIBRARY = 0.30, 0.75


def measure(bench: Bench) -> Table:
    rounds = bench.rounds or ROUNDS
    table = Table("single", f"one track of {bench.scale.track_s:g} s, median of {rounds}")
    took: dict[str, list[Run]] = {}
    with bench.inlay.api() as api:
        # Once first: the warm parent starts.
        _to_review(bench, api, "original")
        for _ in range(rounds):
            link = bench.track()
            took.setdefault("bare", []).append(yt_dlp(link, BARE))
            for format in bench.scale.formats:
                took.setdefault(f"{format}: whole", []).append(yt_dlp(link, WHOLE[format]))
                took.setdefault(f"{format}: to review", []).append(_to_review(bench, api, format))
                took.setdefault(f"{format}: to library", []).append(_to_library(bench, api, format))
    bare = table.add_runs("yt-dlp, bare", took["bare"])
    for format in bench.scale.formats:
        whole = table.add_runs(f"{format}: yt-dlp, whole", took[f"{format}: whole"])
        review = table.add_runs(f"{format}: to review", took[f"{format}: to review"])
        table.add_ratio("bare", review, bare, most=TO_REVIEW if format == "original" else None)
        table.add_ratio("whole", review, whole, most=TO_REVIEW)
        library = table.add_runs(f"{format}: to library", took[f"{format}: to library"])
        table.add_ratio("whole", library, whole, most=TO_LIBRARY)
    return table


def _to_review(bench: Bench, api: httpx.Client, format: str) -> Run:
    """From handing in a link to its review."""
    link, ids = bench.track(), []

    def work() -> None:
        ids.append(bench.submit(api, link, format=format))
        bench.wait(ids, "review")

    run = bench.timed(work)
    bench.drop(api, ids)
    # The conversion that began behind the review ends with it; let the machine be quiet again.
    time.sleep(0.3)
    return run


def _to_library(bench: Bench, api: httpx.Client, format: str) -> Run:
    """From handing in a link to the tagged file in the library, with nobody in between."""
    link = bench.track()
    return bench.timed(lambda: bench.wait([bench.submit(api, link, format=format, skip_review=True)], "done"))
