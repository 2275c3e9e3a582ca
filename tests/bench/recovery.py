"""After a power cut: how soon the downloads that were running run again."""

import time

from tests.bench.figures import Table
from tests.bench.world import Bench
from tests.running import wait_for

SETTINGS = {"per_site": "4"}
ROUNDS = 3
RUNNING = 4
MOST_S = 10
UNDER_WAY = ("probing", "downloading")


def measure(bench: Bench) -> Table:
    rounds = bench.rounds or ROUNDS
    table = Table("recovery", f"kill -9 while {RUNNING} downloads run, worst of {rounds}")
    answered, running = zip(*(_once(bench) for _ in range(rounds)), strict=True)
    table.add("pages answer again after", max(answered), "s")
    table.add("all of them run again after", max(running), "s", most=MOST_S)
    return table


def _once(bench: Bench) -> tuple[float, float]:
    """Seconds from starting again until pages answer, and until all downloads run."""
    links = [bench.slow_track() for _ in range(RUNNING)]
    with bench.inlay.api() as api:
        ids = [bench.submit(api, link, format="original") for link in links]
        bench.wait(api, ids, "downloading")
    bench.inlay.kill()
    before = [len(bench.site.hits_at(link)) for link in links]
    began = time.perf_counter()
    bench.inlay.start()
    answered = time.perf_counter() - began
    with bench.inlay.api() as api:

        def again() -> bool:
            asked = [len(bench.site.hits_at(link)) for link in links]
            fetched = all(now > then for now, then in zip(asked, before, strict=True))
            return fetched and all(api.get(f"/downloads/{id}").json()["state"] in UNDER_WAY for id in ids)

        wait_for(again, 60, 0.02)
        running = time.perf_counter() - began
        bench.drop(api, ids)
    return answered, running
