"""How many proposals a second one core makes, next to plain `json.loads` and one regular expression."""

import json
import re
import time
from collections.abc import Callable

from app.tags.credits import artist_keys
from app.tags.propose import propose
from tests.bench.figures import Run, Table
from tests.title_examples import examples

ROUNDS = 15
LEAST_A_SECOND = 2_000
LIBRARY_ARTISTS = 10_000
DESCRIPTION = "\n".join(
    ["Song: Harbour", "Director: Bo", "https://example.test/listen", *["a line of what is sung here"] * 40]
)
_SPLIT = re.compile(r"^(?P<artist>.+?) - (?P<title>.+?)(?: [(\[].*)?$")


def measure(rounds: int | None = None) -> Table:
    """In CPU seconds, for this is nothing but arithmetic. 500 ms for 1,000 proposals are 2,000 a second."""
    infos = [example.info for example in examples()]
    lines = [json.dumps(info) for info in infos]
    described = [json.dumps({**info, "description": DESCRIPTION}) for info in infos]
    known = artist_keys(f"artist {number}" for number in range(LIBRARY_ARTISTS))
    table = Table("propose", f"proposals for {len(infos)} titles, one core")
    turns = rounds or ROUNDS
    baseline = _timed(lines, _split, turns)
    _add(table, "json.loads and one regular expression", baseline, len(lines))
    for name, several, one in (
        ("titles", lines, lambda line: propose(json.loads(line))),
        ("titles, and a large library", lines, lambda line: propose(json.loads(line), known_artists=known)),
        ("titles with descriptions", described, lambda line: propose(json.loads(line))),
    ):
        run = _timed(several, one, turns)
        _add(table, name, run, len(several), most=1_000_000 / LEAST_A_SECOND)
        table.add_ratio("json.loads and one regular expression", run, baseline)
    return table


def _split(line: str) -> object:
    return _SPLIT.match(json.loads(line)["title"])


def _timed(lines: list[str], one: Callable[[str], object], rounds: int) -> Run:
    walls, cpus = [], []
    for _ in range(rounds):
        began, before = time.perf_counter(), time.process_time()
        for line in lines:
            one(line)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - before)
    # The fastest round: in the others, other programs got in the way.
    return Run(min(walls), min(cpus))


def _add(table: Table, name: str, run: Run, count: int, most: float | None = None) -> None:
    table.add(f"{name}: a second", count / run.cpu_s, "")
    table.add(f"{name}: for 1,000", 1_000_000 * run.cpu_s / count, "ms", most=most)
