"""Rows 4, 6, 7, 8 on the real worker: whatever a public site sends, nobody connects to the machine inside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.hostile.traps import HARMLESS, TRAPS
from tests.hostile.world import INSIDE, PUBLIC, Errand, audit, hand_in, rest_of, taken
from tests.media.audio import make
from tests.media.faults import Redirect
from tests.media.site import MediaSite
from tests.running import Inlay

# Each really means 127.0.0.1, or this machine: were one dialled, the counter inside would tell.
SPELLINGS = (
    *("127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1"),
    *("0177.0.0.01", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]"),
    *("localhost", "LOCALHOST.", "①②⑦.0.0.1", "127。0。0。1", "127.0.0.1%00.example.com", "user@127.0.0.1"),
)
# The guard itself is asked for all of them (test_guard_corpus.py); the whole way goes a sample.
SPELLED = SPELLINGS[::2]


@dataclass
class World:
    inlay: Inlay
    public: MediaSite
    inside: MediaSite
    found: dict[str, dict[str, Any]]
    """What became of each link that was taken."""
    errands: dict[str, list[Errand]]
    refused_at_once: list[str]
    ok: dict[str, Any]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All links at once to one Inlay that may reach 127.0.0.2 and nothing else that is private."""
    settings = {
        "allow_hosts": PUBLIC,
        "workers": "6",
        "per_site": "6",
        "retry_delays_s": "0",
        "log_level": "debug",
    }
    home = tmp_path_factory.mktemp("inside")
    with MediaSite(PUBLIC) as public, MediaSite(INSIDE) as inside, Inlay(home, **settings) as inlay:
        inlay.add_user("alice", admin=True)
        inlay.start()
        answers = hand_in(inlay, links(public, inside, inlay))
        ids = taken(answers)
        refused = [name for name, answer in answers.items() if answer.status_code == 422]
        assert [name for name, answer in answers.items() if answer.status_code not in (202, 422)] == []
        found = rest_of(inlay, ids, impatient_with=PUBLIC)
        ok = inlay.rest(inlay.submit(public.track("fine", make("mp3", 3), title="Fine")))
        told = audit(inlay)
        errands = {name: [one for one in told if one.download == id] for name, id in ids.items()}
        yield World(inlay, public, inside, found, errands, refused, ok)


def links(public: MediaSite, inside: MediaSite, inlay: Inlay) -> dict[str, str]:
    trapped = {name: trap(public, f"{inside.url}/{at}") for at, (name, (trap, _)) in enumerate(TRAPS.items())}
    direct = {
        f"link to {host}": f"http://{host}:{inside.port}/x.mp3?at={at}" for at, host in enumerate(SPELLED)
    }
    hops = {
        f"redirect to {host}": hop(public, f"http://{host}:{inside.port}/x.mp3") for host in SPELLINGS[2::6]
    }
    ours = {"our own port": hop(public, f"http://{PUBLIC}:{inlay.port}/api/v1/health")}
    return {**trapped, **direct, **hops, **ours, "sixty redirects": sixty(public)}


def hop(public: MediaSite, to: str) -> str:
    name = f"hop-{abs(hash(to))}"
    public.page(name, "", faults=[Redirect(to.encode().decode("latin-1"))])
    return f"{public.url}/page/{name}"


def sixty(public: MediaSite) -> str:
    link = public.track("far away", make("mp3", 3))
    for number in range(60):
        link = hop(public, f"{link}#{number}")
    return link


def test_nobody_connects_inside(world: World) -> None:
    assert world.inside.hits == []
    assert world.inside.connections == 0


def test_all_that_reached_the_public_site_came_through_the_guard(world: World) -> None:
    passed = [one for one in audit(world.inlay) if one.host == PUBLIC and one.port == world.public.port]
    assert world.public.connections == len(passed)


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_refused_by_the_guard_or_not_even_tried(name: str, world: World) -> None:
    found, asked = world.found[name], TRAPS[name][1]
    refused = [one for one in world.errands[name] if one.host != PUBLIC]
    assert all(one.verdict.startswith("403") for one in refused)
    assert bool(refused) == asked, world.errands[name]
    if name in HARMLESS:
        assert found["state"] == "review"
        return
    assert found["state"] == "failed"
    assert found["failure"]["kind"] in ("permanent", "needs_you", "temporary")
    if asked:
        assert "private address" in found["failure"]["message"]


@pytest.mark.parametrize("host", SPELLED)
def test_no_spelling_of_an_address_inside_is_fetched(host: str, world: World) -> None:
    for name in (f"link to {host}", f"redirect to {host}"):
        if name in world.found:
            assert world.found[name]["state"] == "failed"
            assert world.found[name]["failure"]["kind"] == "permanent", (name, world.found[name]["failure"])
    assert f"link to {host}" in world.found or f"link to {host}" in world.refused_at_once


def test_sixty_redirects_end_at_a_limit(world: World) -> None:
    assert world.found["sixty redirects"]["failure"]["kind"] == "permanent"
    assert len(world.errands["sixty redirects"]) <= 32


def test_our_own_pages_are_no_source_by_a_redirect_either(world: World) -> None:
    [refused] = [one for one in world.errands["our own port"] if one.port == world.inlay.port]
    assert "a port of this program" in refused.verdict


def test_an_honest_link_after_all_that_is_fine(world: World) -> None:
    assert world.ok["state"] == "review"
