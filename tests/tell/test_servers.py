"""Media servers hear once that the library changed, whatever changed it, and nobody waits for them."""

import logging
import time
from collections.abc import Callable

import pytest

from app.db import now
from app.tell.teller import Teller, try_out
from tests.tell.conftest import World, later, soon
from tests.tell.fakes import KEY, PASSWORD, TOKEN, Listener

Start = Callable[[], Teller]


def all_three(world: World, listener: Listener) -> dict[str, str]:
    return {
        "subsonic": world.hook(kind="subsonic", address=f"{listener.url}/", login="root", secret=PASSWORD),
        "jellyfin": world.hook(kind="jellyfin", address=listener.url, secret=KEY),
        "plex": world.hook(kind="plex", address=listener.url, login="3", secret=TOKEN),
    }


def test_an_album_that_arrives_is_told_once_to_each(world: World, listener: Listener, start: Start) -> None:
    ids = all_three(world, listener)
    start()
    for _ in range(6):
        world.add_track()
        time.sleep(0.1)
    soon(lambda: len(listener.asked) == 3)
    later()
    assert sorted(listener.paths()) == ["/Library/Refresh", "/library/sections/3/refresh", "/rest/startScan"]
    [jellyfin] = [one for one in listener.asked if one.path == "/Library/Refresh"]
    assert jellyfin.method == "POST"
    assert f'Token="{KEY}"' in jellyfin.headers["authorization"]
    [subsonic] = [one for one in listener.asked if one.path == "/rest/startScan"]
    assert subsonic.query.items() >= {"u": "root", "v": "1.16.1", "c": "inlay", "f": "json"}.items()
    assert "p" not in subsonic.query
    assert "proxy-authorization" not in subsonic.headers
    for id in ids.values():
        assert world.read(id).message.startswith("It was told")


@pytest.mark.parametrize(
    "change",
    [{"path": "a.mp3", "path_key": "a.mp3"}, {"mtime_ns": 2}, {"size_bytes": 2}, {"missing_at": now()}],
)
def test_an_edit_a_rename_and_a_deletion_are_told_a_like_is_not(
    world: World, listener: Listener, start: Start, change: dict[str, object]
) -> None:
    id = world.add_track()
    world.hook(kind="jellyfin", address=listener.url, secret=KEY)
    start()
    world.change(id, search="something else", genre="Folk")
    later()
    assert not listener.asked
    world.change(id, **change)
    soon(lambda: len(listener.asked) == 1)


def test_who_is_down_is_told_later_and_delays_nobody(world: World, listener: Listener, start: Start) -> None:
    with Listener() as other:
        hung = world.hook(kind="plex", address=other.url, login="all", secret=TOKEN)
        well = world.hook(kind="jellyfin", address=listener.url, secret=KEY)
        other.mood = "hang"
        start()
        world.add_track()
        soon(lambda: world.read(well).ok_at)
        assert not world.read(hung).ok_at
        soon(lambda: "does not answer in time" in world.read(hung).message)
        other.mood = "503"
        soon(lambda: "status 503" in world.read(hung).message)
        assert world.read(hung).failures
    soon(lambda: "nobody answers" in world.read(hung).message)
    other.mood = ""
    with other:
        soon(lambda: world.read(hung).ok_at)
    assert world.read(hung).message == "It was told, and scans section all."
    assert world.read(hung).failures == 0
    assert len(listener.asked) == 1


def test_what_changed_while_nothing_ran_is_told_at_the_next_start(
    world: World, listener: Listener, start: Start
) -> None:
    listener.mood = "503"
    id = world.hook(kind="jellyfin", address=listener.url, secret=KEY)
    first = start()
    world.add_track()
    soon(lambda: world.read(id).failed_at)
    first.stop()
    listener.mood = ""
    listener.asked.clear()
    start()
    soon(lambda: len(listener.asked) == 1)
    later()
    assert len(listener.asked) == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kind": "subsonic", "login": "root", "secret": PASSWORD}, "It was told, and scans the library."),
        ({"kind": "subsonic", "login": "root", "secret": "wrong"}, "does not know this user and password"),
        ({"kind": "subsonic", "login": "kid", "secret": PASSWORD}, "may not start a scan there"),
        ({"kind": "jellyfin", "secret": KEY}, "It was told, and scans its libraries."),
        ({"kind": "jellyfin", "secret": "no"}, "does not accept this key"),
        ({"kind": "plex", "login": "3", "secret": TOKEN}, "It was told, and scans section 3."),
        ({"kind": "plex", "login": "9", "secret": TOKEN}, "it has no section 9"),
        ({"kind": "plex", "login": "3", "secret": "no"}, "does not accept this key"),
    ],
)
def test_a_test_says_what_happened(
    world: World, listener: Listener, given: dict[str, str], sentence: str
) -> None:
    went_well, said = try_out(world.services, world.read(world.hook(address=listener.url, **given)))
    assert sentence in said
    assert went_well == said.startswith("It was told")


def test_a_redirect_is_not_followed_with_the_key(world: World, listener: Listener) -> None:
    listener.mood = "elsewhere"
    hook = world.read(world.hook(kind="plex", address=listener.url, login="3", secret=TOKEN))
    assert "sends us elsewhere" in try_out(world.services, hook)[1]
    assert "/stolen" not in listener.paths()


def test_what_is_not_a_subsonic_server_is_said_so(world: World, listener: Listener) -> None:
    given = {"kind": "subsonic", "login": "root", "secret": PASSWORD}
    with Listener() as other:
        other.reply = lambda one: (200, b"<html>")  # type: ignore[method-assign]
        hook = world.read(world.hook(address=other.url, **given))
        assert "no Subsonic server" in try_out(world.services, hook)[1]


def test_no_key_gets_into_the_log_or_a_sentence(
    world: World, listener: Listener, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ids = all_three(world, listener)
    start()
    world.add_track()
    soon(lambda: len(listener.asked) == 3)
    listener.mood = "503"
    world.add_track()
    soon(lambda: all(world.read(id).failed_at for id in ids.values()))
    said = caplog.text + "".join(world.read(id).message for id in ids.values())
    token = world.read(ids["subsonic"]).secret
    assert "not told" in said
    for secret in (PASSWORD, "sesame", KEY, TOKEN, *token.split(":")):
        assert secret not in said
    assert PASSWORD not in token
