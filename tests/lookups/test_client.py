"""The client is polite, patient for so long and no longer, and goes nowhere but where it may."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from app.db import now
from app.lookups.client import Client
from app.lookups.turns import Trouble
from app.settings import Settings
from tests.lookups import fakes as moods
from tests.lookups.conftest import settings_for
from tests.lookups.fakes import Fakes, Mood
from tests.media import tls

Make = Callable[..., Client]


def ask(client: Client, path: str = "/recording", **params: str) -> dict[str, object] | None:
    return client.json("musicbrainz", path, params, dict[str, object])


def test_a_request_says_whose_it_is(client: Client, fakes: Fakes) -> None:
    found = ask(client, query="a & b", fmt="json")
    assert found
    assert found["count"] == 0
    [request] = fakes.asked("musicbrainz")
    assert request.headers["User-Agent"].startswith("Inlay/0.")
    assert request.headers["User-Agent"].endswith("( me@example.org )")
    assert request.path == "ws/2/recording"
    assert request.query == {"query": "a & b", "fmt": "json"}
    assert "Proxy-Authorization" not in request.headers


def test_one_request_a_second_also_from_several_threads(make_client: Make, fakes: Fakes) -> None:
    client = make_client(gap_s=0.5)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda number: ask(client, q=str(number)), range(3)))
    times = sorted(one.at for one in fakes.asked("musicbrainz"))
    assert all(later - earlier > 0.45 for earlier, later in zip(times, times[1:], strict=False))


def test_services_do_not_wait_for_each_other(make_client: Make, fakes: Fakes) -> None:
    client = make_client(gap_s=2.0)
    began = time.monotonic()
    ask(client)
    client.json("lrclib", "/search", {}, list[object])
    assert time.monotonic() - began < 1.5


def test_who_would_have_to_wait_too_long_is_told_at_once(make_client: Make) -> None:
    client = make_client(gap_s=10.0)
    ask(client)
    began = time.monotonic()
    with pytest.raises(Trouble):
        ask(client)
    assert time.monotonic() - began < 0.5


def test_a_busy_service_gets_the_time_that_it_asks_for(client: Client, fakes: Fakes) -> None:
    fakes.spoil(moods.busy("2"))
    assert ask(client)
    first, second = (one.at for one in fakes.asked("musicbrainz"))
    assert second - first >= 2.0


def test_retry_after_may_be_a_date(client: Client, fakes: Fakes) -> None:
    fakes.spoil(moods.busy(format_datetime(now() + timedelta(seconds=3), usegmt=True), 429))
    assert ask(client)
    first, second = (one.at for one in fakes.asked("musicbrainz"))
    assert second - first >= 1.0


def test_a_busy_service_is_left_alone_when_it_asks_for_longer(client: Client, fakes: Fakes) -> None:
    fakes.spoil(moods.busy("600"))
    for _ in range(3):
        with pytest.raises(Trouble):
            ask(client)
    assert len(fakes.asked("musicbrainz")) == 1


def test_a_busy_service_is_asked_twice_at_most(client: Client, fakes: Fakes) -> None:
    fakes.spoil(*[moods.busy("1")] * 5)
    with pytest.raises(Trouble, match="503"):
        ask(client)
    assert len(fakes.asked("musicbrainz")) == 2


@pytest.mark.parametrize("mood", [moods.SILENT, moods.DRIP, moods.DRIP_HEAD], ids=["silent", "drip", "head"])
def test_a_slow_answer_ends_at_the_deadline(make_client: Make, fakes: Fakes, mood: Mood) -> None:
    client = make_client(deadline_s=1.0)
    fakes.spoil(mood)
    began = time.monotonic()
    with pytest.raises(Trouble):
        ask(client)
    assert time.monotonic() - began < 2.5


def test_who_was_slow_once_is_not_waited_for_again(make_client: Make, fakes: Fakes) -> None:
    client = make_client(deadline_s=1.0)
    fakes.spoil(moods.SILENT)
    with pytest.raises(Trouble):
        ask(client)
    began = time.monotonic()
    with pytest.raises(Trouble):
        ask(client)
    assert time.monotonic() - began < 0.2


@pytest.mark.parametrize(
    "mood",
    [
        moods.NONSENSE,
        moods.HUGE,
        moods.SHORT,
        moods.PACKED,
        moods.DEEP,
        Mood(body=b""),
        Mood(body=b"[]"),
        Mood(body=b'{"count": NaN}'),
        Mood(500, body=b"{}"),
        Mood(204),
        moods.redirect("http://127.0.0.1:1/"),
    ],
    ids="html huge short packed deep empty list nan 500 204 redirect".split(),
)
def test_what_is_no_answer_is_trouble_and_nothing_worse(client: Client, fakes: Fakes, mood: Mood) -> None:
    fakes.spoil(mood)
    with pytest.raises(Trouble):
        ask(client)


def test_nobody_there_is_trouble(make_client: Make, fakes: Fakes) -> None:
    client = make_client(settings_for(fakes, musicbrainz_url="http://127.0.0.1:9"))
    with pytest.raises(Trouble):
        ask(client)


def test_not_found_is_an_answer(client: Client, fakes: Fakes) -> None:
    fakes.spoil(Mood(404, body=b"not even JSON"))
    assert ask(client) is None
    assert ask(client)


def test_a_redirect_cannot_lead_to_a_private_address(make_client: Make, fakes: Fakes) -> None:
    with Fakes("127.0.0.2") as private:
        client = make_client()
        for location in (
            f"{private.url}/machine/x",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "http://[",
            "",
        ):
            fakes.spoil(moods.redirect(location), service="coverart")
            with pytest.raises(Trouble):
                make_client().picture("coverart", "/release/x/front-1200")
        assert client
        assert private.requests == []


@pytest.mark.skipif(tls.openssl() is None, reason="openssl is not installed")
def test_https_is_checked_and_never_leads_to_an_open_line(
    make_client: Make, fakes: Fakes, tmp_path: Path
) -> None:
    context, certificate = tls.self_signed(tmp_path)
    with Fakes(tls=context) as secret:
        with pytest.raises(Trouble, match="certificate"):
            ask(make_client(settings_for(secret)))
        client = make_client(settings_for(secret, ca_file=certificate))
        assert ask(client, query="x")
        assert secret.asked("musicbrainz")[-1].query == {"query": "x"}
        secret.spoil(moods.redirect(f"{fakes.url}/machine/x"), service="coverart")
        with pytest.raises(Trouble, match="open line"):
            client.picture("coverart", "/release/x/front-1200")
        assert fakes.requests == []


def test_a_redirect_without_end_ends(client: Client, fakes: Fakes) -> None:
    fakes.spoil(*[moods.redirect("/coverart/again")] * 20, service="coverart")
    with pytest.raises(Trouble, match="elsewhere"):
        client.picture("coverart", "/release/x/front-1200")
    assert len(fakes.asked("coverart")) < 10


def test_the_default_addresses_may_not_turn_out_private(settings: Settings) -> None:
    from app.lookups.desk import allowed
    from app.sources.addresses import read_host

    plain = Settings()
    assert not allowed(plain).has_name("musicbrainz.org")
    mirror = allowed(Settings(musicbrainz_url="http://mirror.lan:5000/ws/2"))
    assert mirror.has_name("mirror.lan")
    address = read_host("127.0.0.1").address
    assert address
    assert allowed(settings).has_address(address)


def test_who_stops_does_not_wait_for_a_turn(make_client: Make) -> None:
    client = make_client(gap_s=3.0)
    ask(client)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, client)
        time.sleep(0.2)
        began = time.monotonic()
        client.stop()
        with pytest.raises(Trouble):
            waiting.result(2)
    assert time.monotonic() - began < 1.0


def test_lookups_go_through_the_proxy_of_the_settings(make_client: Make, fakes: Fakes) -> None:
    far = "http://musicbrainz.invalid/musicbrainz/ws/2"
    assert ask(make_client(settings_for(fakes, musicbrainz_url=far, proxy=fakes.url)), query="x")
    [request] = fakes.asked("musicbrainz")
    assert request.headers["Host"].startswith("musicbrainz.invalid")
