"""Many tracks handed in at once, with nobody in between, next to `xargs -P4 yt-dlp`."""

from tests.bench.baseline import WHOLE, encoders, xargs
from tests.bench.figures import Run, Table
from tests.bench.world import Bench

SETTINGS = {"workers": "4", "per_site": "4"}
ROUNDS = 3
AT_ONCE = 4
MP3 = 0.65
LOOK_S = 0.25


def measure(bench: Bench) -> Table:
    rounds, many = bench.rounds or ROUNDS, bench.scale.tracks
    about = f"{many} tracks of {bench.scale.track_s:g} s, {AT_ONCE} workers, median of {rounds}; {encoders()}"
    table = Table("batch", about)
    took: dict[str, list[Run]] = {}
    for _ in range(rounds):
        for format in bench.scale.formats:
            links = [bench.track() for _ in range(many)]
            took.setdefault(f"{format}: xargs", []).append(xargs(links, WHOLE[format], at_once=AT_ONCE))
            took.setdefault(f"{format}: inlay", []).append(bench.timed(lambda f=format: _all(bench, f)))
    for format in bench.scale.formats:
        baseline = table.add_runs(f"{format}: xargs -P{AT_ONCE} yt-dlp, whole", took[f"{format}: xargs"])
        ours = table.add_runs(f"{format}: to library", took[f"{format}: inlay"])
        table.add_ratio("xargs", ours, baseline, most=MP3 if format == "mp3" else None)
    return table


def _all(bench: Bench, format: str) -> None:
    """Hand in all tracks, and wait until the last one is in the library."""
    links = [bench.track() for _ in range(bench.scale.tracks)]
    with bench.inlay.api() as api:
        ids = [bench.submit(api, link, format=format, skip_review=True) for link in links]
    # Nobody looks at the tracks of `xargs` either: a hundred looks a second took 5 % of two cores from ours.
    bench.wait(ids, "done", every=LOOK_S)
