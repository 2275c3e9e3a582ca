"""After a power cut: how soon the downloads that were running run again."""

import time

from tests.bench.figures import Run, Table
from tests.bench.processes import cpu_of
from tests.bench.world import Bench
from tests.running import wait_for

SETTINGS = {"per_site": "4"}
ROUNDS = 3
MOST_S = 10
UNDER_WAY = ("probing", "downloading")


def measure(bench: Bench) -> Table:
    rounds = bench.rounds or ROUNDS
    table = Table("recovery", f"kill -9 while {bench.scale.at_once} downloads run, worst of {rounds}")
    answered, running = zip(*(_once(bench) for _ in range(rounds)), strict=True)
    table.add("pages answer again after", max(answered), "s")
    slowest = max(running, key=lambda run: run.wall_s)
    table.add("all of them run again after", slowest.wall_s, "s", cpu=slowest.cpu_s, most=MOST_S)
    return table


def _once(bench: Bench) -> tuple[float, Run]:
    """Seconds from starting again until pages answer, and until all downloads run."""
    links = [bench.slow_track() for _ in range(bench.scale.at_once)]
    with bench.inlay.api() as api:
        ids = [bench.submit(api, link, format="original") for link in links]
        bench.wait(ids, "downloading")
    bench.inlay.kill()
    before = [len(bench.site.hits_at(link)) for link in links]
    began = time.perf_counter()
    bench.inlay.start()
    answered = time.perf_counter() - began

    def again() -> bool:
        asked = [len(bench.site.hits_at(link)) for link in links]
        fetched = all(now > then for now, then in zip(asked, before, strict=True))
        return fetched and all(state in UNDER_WAY for state in bench.states(ids))

    wait_for(again, 60, 0.02)
    running = Run(time.perf_counter() - began, cpu_of(bench.pid))
    with bench.inlay.api() as api:
        bench.drop(api, ids)
    return answered, running
