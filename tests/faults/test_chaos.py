"""The server and each kind of its children are killed at random, again and again; a patient person works on.

`INLAY_TEST_KILLS=1000` is the long run, `INLAY_TEST_SEED` another course of events.
"""

import os
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.faults.conftest import MakeScene
from tests.faults.invariants import ends_well
from tests.faults.world import SHORT_S, Process, Scene, Wanted, is_warm_parent
from tests.running import wait_for

KILLS = int(os.environ.get("INLAY_TEST_KILLS", "40"))
SEED = int(os.environ.get("INLAY_TEST_SEED", "1"))
AT_ONCE = 14
RECOVERY_S = 10
BUSY = ("probing", "downloading", "finalizing")

SERVER_SHARE = 0.1
PARENT_SHARE = 0.04
"""Each new one has to import everything again, and most of the time it is the only one there."""
KINDS = ("server", "fetching child", "warm parent", "ffmpeg", "converting or tagging child")
NAMES = {
    "ffmpeg": "ffmpeg",
    "inlay fetch": "fetching child",
    **dict.fromkeys(("inlay convert", "inlay check", "inlay write"), "converting or tagging child"),
}
"""What `ps` shows → the kind."""


class Person(threading.Thread):
    """Hands in what is not there yet, confirms what waits, retries what failed, and never gives up."""

    def __init__(self, scene: Scene, links: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.scene = scene
        self.links = links
        self.retries = 0
        self.wrong: list[str] = []
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            with suppress(httpx.HTTPError), self.scene.api() as api:
                self._go_on(api)
            time.sleep(0.2)

    def _go_on(self, api: httpx.Client) -> None:
        found = every_download(api)
        unfinished = [one for one in found if one["state"] != "done"]
        missing = [url for url in self.links if url not in {one["url"] for one in found}]
        for url in missing[: AT_ONCE - len(unfinished)]:
            ask = {"url": url, "skip_review": self.links[url].endswith("3")}
            self._post(api, "/downloads/url", ask, 202)
        for one in unfinished:
            if one["state"] == "review":
                self._post(api, "/downloads/confirm", {"id": one["id"]}, 202, 409)
            elif one["state"] == "failed":
                self.retries += 1
                self._post(api, f"/downloads/{one['id']}/retry", None, 200)
        if not missing and not unfinished:
            self.done.set()

    def _post(self, api: httpx.Client, path: str, body: Any, *expected: int) -> None:
        answer = api.post(path, json=body)
        if answer.status_code not in expected:
            self.wrong.append(f"{path}: {answer.status_code} {answer.text}")


def every_download(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        before = {"before": found[-1]["id"]} if found else {}
        answer = api.get("/downloads", params={"limit": 200, **before}).json()
        found += answer["items"]
        if answer["next"] is None:
            return found


@pytest.mark.slow
def test_killed_again_and_again(make_scene: MakeScene) -> None:
    chance = random.Random(SEED)
    scene = make_scene(per_site="4", user_queued="100000", user_per_day="1000000")
    began = time.monotonic()
    scene.start()
    start_s = time.monotonic() - began
    links = {
        scene.offer(name, rate_bps=chance.uniform(20_000, 100_000)): name
        for name in (f"journey {number}" for number in range(KILLS * 6 // 10))
    }
    person = Person(scene, links)
    person.start()
    struck: Counter[str] = Counter()
    longest_s = 0.0
    while struck.total() < KILLS and not person.done.is_set():
        time.sleep(chance.uniform(0.02, 0.4))
        alive = find(scene)
        parent = alive.pop("warm parent", [])
        if not alive:
            # On a slow machine the next blow would come before anything goes on again: always on the server.
            continue
        if chance.random() < SERVER_SHARE:
            longest_s = max(longest_s, strike_server(scene))
            struck["server"] += 1
            continue
        kind = "warm parent" if chance.random() < PARENT_SHARE else chance.choice(list(alive))
        if victims := parent if kind == "warm parent" else alive.get(kind):
            with suppress(ProcessLookupError):
                chance.choice(victims).kill()
                struck[kind] += 1
    # After the last blow, the rest of the journeys: those that were not begun are many when the blows are.
    assert person.done.wait(300 + 2 * KILLS), "it came to rest"
    assert person.wrong == []
    print(f"{dict(struck)}, {person.retries} retries by hand, longest recovery {longest_s:.1f} s")
    assert set(struck) >= set(KINDS) - {"warm parent"}, "each kind was struck"
    # Where a start of its own takes seconds, the machine is busy with others.
    assert longest_s <= max(RECOVERY_S, 5 * start_s)
    with scene.api() as api:
        found = every_download(api)
    scene.wanted = {one["id"]: Wanted(links[one["url"]], SHORT_S) for one in found}
    assert len(scene.wanted) == len(links)
    ends_well(scene)


def find(scene: Scene) -> dict[str, list[Process]]:
    """Who can be struck now, by kind; from one look, since looking at all processes takes a while."""
    assert scene.process
    server = scene.process.pid
    found: dict[str, list[Process]] = {}
    for one in scene.processes():
        if one.pid == server:
            continue
        kind = "warm parent" if is_warm_parent(one, server) else NAMES.get(one.name)
        if kind:
            found.setdefault(kind, []).append(one)
    return found


def strike_server(scene: Scene) -> float:
    """Seconds from the start after the kill until what was being worked on is worked on again, or further."""
    scene.kill()
    busy = {one["id"]: one["attempts"] for one in rows(scene) if one["state"] in BUSY}
    began = time.monotonic()
    scene.start()
    wait_for(lambda: not busy.keys() & idle(scene, busy))
    return time.monotonic() - began


def idle(scene: Scene, busy: dict[str, int]) -> set[str]:
    """Those that nobody has taken up again. Who waits behind others that were is not idle."""
    found = {one["id"]: one for one in rows(scene)}
    at_work = any(one["state"] in BUSY for one in found.values())
    waiting = {id for id in busy if found[id]["state"] == "queued" and found[id]["attempts"] == busy[id]}
    return set() if at_work else waiting


def rows(scene: Scene) -> list[dict[str, Any]]:
    connection = scene.database(write=False)
    try:
        query = "select id, state, attempts from downloads"
        return [{"id": id, "state": state, "attempts": a} for id, state, a in connection.execute(query)]
    finally:
        connection.close()
