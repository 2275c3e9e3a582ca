"""What is refused, on real yt-dlp: each with its kind, its sentence, and nothing left in the library."""

from collections.abc import Callable, Iterator

import pytest

from tests.journeys import short_track
from tests.media.audio import make
from tests.media.faults import GARBAGE, HTML, PLAYLIST, Endless, HangUp, Redirect, Status, Swap, Truncate
from tests.media.site import MediaSite
from tests.running import Inlay

MAX_BYTES = 400_000
TEXT = b"Nothing but words, one line after the other.\n" * 800
Offer = Callable[[MediaSite], str]


@pytest.fixture(scope="module")
def canary() -> Iterator[MediaSite]:
    """A site on an address that Inlay may not reach."""
    with MediaSite("127.0.0.2") as running:
        yield running


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    limits = {"max_duration_s": "20", "max_file_bytes": str(MAX_BYTES), "retry_delays_s": "0"}
    with Inlay(tmp_path_factory.mktemp("inlay"), **limits) as running:
        running.add_user("alice", admin=True)
        yield running.start()


def long_silence(site: MediaSite) -> str:
    """Longer than the limit, and the page does not say so."""
    return site.track("untold", make("opus", 21), page="og", title="Untold")


REFUSALS: dict[str, tuple[Offer, str, str]] = {
    "live": (lambda site: site.hls("radio", live=True), "permanent", "live stream"),
    "too long": (lambda site: short_track(site, "epic", duration_s=7200), "permanent", "longer than"),
    "too long, not told": (long_silence, "permanent", "longer than"),
    "a list": (
        lambda site: site.feed("album", [short_track(site, "one"), short_track(site, "two")]),
        "permanent",
        "is a list",
    ),
    "no music": (
        lambda site: site.page("blog", "<title>Blog</title>Words."),
        "permanent",
        "No music was found",
    ),
    "404": (lambda site: f"{site.url}/never/was", "permanent", "not there any more"),
    "410": (lambda site: short_track(site, "410", page_faults=[Status(410)]), "permanent", "not there"),
    "401": (lambda site: short_track(site, "401", page_faults=[Status(401)]), "needs_you", "sign-in"),
    "403": (lambda site: short_track(site, "403", page_faults=[Status(403)]), "needs_you", "sign-in"),
    "500": (lambda site: short_track(site, "500", page_faults=[Status(500)]), "temporary", "problem"),
    "503": (lambda site: short_track(site, "503", page_faults=[Status(503)]), "temporary", "problem"),
    "media 404": (lambda site: short_track(site, "m404", faults=[Status(404)]), "permanent", "not there"),
    "media 503": (lambda site: short_track(site, "m503", faults=[Status(503)]), "temporary", "problem"),
    "redirects in circles": (
        lambda site: short_track(site, "loop", page_faults=[Redirect()]),
        "permanent",
        "in circles",
    ),
    "truncated": (
        lambda site: short_track(site, "half", duration_s=18, faults=[Truncate(30_000)]),
        "temporary",
        "only a part",
    ),
    "breaks off": (
        lambda site: short_track(site, "broken", faults=[HangUp(2_000)]),
        "temporary",
        "broke off",
    ),
    "html as audio": (lambda site: short_track(site, "html", faults=[Swap(HTML)]), "permanent", "web page"),
    "playlist as audio": (
        lambda site: short_track(site, "list", faults=[Swap(PLAYLIST)]),
        "permanent",
        "playlist",
    ),
    "playlist at the second look": (
        lambda site: short_track(site, "turncoat", faults=[Swap(PLAYLIST, after=1)]),
        "permanent",
        "playlist",
    ),
    "text as audio": (lambda site: short_track(site, "text", faults=[Swap(TEXT)]), "permanent", "text"),
    "garbage as audio": (
        lambda site: short_track(site, "garbage", faults=[Swap(GARBAGE)]),
        "permanent",
        "not an audio file",
    ),
    "empty": (lambda site: short_track(site, "empty", faults=[Swap(b"")]), "temporary", "broke off"),
    "too large": (lambda site: site.track("big", make("mp3", 20)), "permanent", "larger than the limit"),
    "too large, length untold": (
        lambda site: site.track("chunky", make("mp3", 20), chunked=True),
        "permanent",
        "larger than the limit",
    ),
    "without end": (
        lambda site: short_track(site, "endless", faults=[Endless(4_000_000, after=1)]),
        "permanent",
        "larger than the limit",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_link_that_cannot_be_taken_fails_with_a_kind_and_a_sentence(
    name: str, site: MediaSite, inlay: Inlay
) -> None:
    offer, kind, words = REFUSALS[name]
    id = inlay.submit(offer(site))
    found = inlay.rest(id)
    assert found["state"] == "failed", found["quality"]
    assert found["failure"]["kind"] == kind, found["failure"]
    assert words in found["failure"]["message"]
    assert found["failure"]["message"].endswith(".")
    assert found["finished_at"]
    assert found["path"] is None
    assert inlay.files() == []
    assert (inlay.staging / id).exists() == (kind == "temporary"), "only a retry needs what was fetched"


def test_a_length_untold_transfer_ends_soon_after_the_limit(site: MediaSite, inlay: Inlay) -> None:
    url = short_track(site, "flood", faults=[Endless(8_000_000)])
    assert inlay.rest(inlay.submit(url))["state"] == "failed"
    assert sum(hit.sent for hit in site.hits_at(site.media_url("flood"))) < 40 * MAX_BYTES


@pytest.mark.parametrize("where", ["link", "page redirect", "media redirect", "media address"])
def test_what_leads_to_a_forbidden_address_is_refused_and_never_asked(
    where: str, site: MediaSite, canary: MediaSite, inlay: Inlay
) -> None:
    trap = canary.media_url("trap")
    short_track(canary, "trap")
    offers: dict[str, Offer] = {
        "link": lambda site: trap,
        "page redirect": lambda site: short_track(site, "hop", page_faults=[Redirect(trap)]),
        "media redirect": lambda site: short_track(site, "detour", faults=[Redirect(trap)]),
        "media address": lambda site: short_track(site, "elsewhere", media_url=trap),
    }
    found = inlay.rest(inlay.submit(offers[where](site)))
    assert (found["state"], found["failure"]["kind"]) == ("failed", "permanent")
    assert "private address" in found["failure"]["message"]
    assert canary.hits == []
    assert canary.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/a.mp3",
        "http://[::1]:9/",
        "http://[::ffff:127.0.0.2]/",
        "http://2130706434/",
        "http://0x7f000002/",
    ],
)
def test_private_addresses_are_refused_however_they_are_written(address: str, inlay: Inlay) -> None:
    found = inlay.rest(inlay.submit(address))
    assert (found["state"], found["failure"]["kind"]) == ("failed", "permanent")
    assert "private address" in found["failure"]["message"]


def test_without_allowed_hosts_nothing_private_is_reached(
    site: MediaSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site.clear()
    before = site.connections
    with Inlay(tmp_path_factory.mktemp("strict"), allow_hosts="") as strict:
        strict.add_user("alice", admin=True)
        strict.start()
        links = [short_track(site, "forbidden"), f"http://localhost:{site.port}/track/forbidden"]
        for id in [strict.submit(link) for link in links]:
            found = strict.rest(id)
            assert (found["state"], found["failure"]["kind"]) == ("failed", "permanent")
            assert "private address" in found["failure"]["message"]
        assert strict.stop() == 0
    assert site.hits == []
    assert site.connections == before


def test_its_own_pages_are_no_source(inlay: Inlay) -> None:
    found = inlay.rest(inlay.submit(f"{inlay.url}/api/v1/health"))
    assert found["state"] == "failed"
    assert "private address" in found["failure"]["message"]
