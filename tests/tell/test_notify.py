"""Notifications: in one message what came together, only to where one may, and only by Apprise's HTTP."""

import inspect
import re
from collections.abc import Callable

import pytest

from app.downloads.model import State
from app.errors import Failure, Invalid
from app.tell import notify
from app.tell.model import Message
from app.tell.teller import Teller, try_out
from tests.tell.conftest import World, later, soon
from tests.tell.fakes import Listener

pytest.importorskip("apprise")

Start = Callable[[], Teller]
OWN_WAYS = re.compile(
    r"^\s*(?:import|from) (socket|smtplib|subprocess|asyncio|http\.client|urllib\.request|aiohttp|paho)", re.M
)


def target(listener: Listener, **more: str) -> dict[str, str]:
    return {"kind": "apprise", "address": f"json://127.0.0.1:{listener.port}/note", **more}


def test_three_that_are_ready_are_one_message(world: World, listener: Listener, start: Start) -> None:
    id = world.hook(**target(listener, ready="on", failed="on"))
    start()
    for title in ("One", "Two", "Three", "Taken already"):
        done = world.download(world.alice, title)
        world.move(done, State.REVIEW)
    world.move(done, State.FINALIZING, State.DONE)
    soon(lambda: listener.asked, seconds=20)
    later()
    [message] = [one.json for one in listener.asked]
    assert message["title"] == "3 tracks are ready for review"
    assert message["message"].splitlines() == ["• Ida Holm – One", "• Ida Holm – Two", "• Ida Holm – Three"]
    soon(lambda: world.read(id).message == "It took: 3 tracks are ready for review.")
    assert not world.outbox(id)


def test_who_is_down_gets_all_of_it_later(world: World, listener: Listener, start: Start) -> None:
    listener.mood = "503"
    id = world.hook(**target(listener, failed="on"))
    start()
    world.move(world.download(world.alice, "One"), State.FAILED)
    soon(lambda: "the service did not take it" in world.read(id).message, seconds=20)
    world.move(world.download(world.alice, "Two"), State.FAILED)
    listener.mood = ""
    listener.asked.clear()
    soon(lambda: not world.outbox(id), seconds=20)
    assert "2 tracks failed" in [one.json["title"] for one in listener.asked]


def test_only_an_admin_may_name_a_private_place(world: World, listener: Listener) -> None:
    bobs = world.read(world.hook(world.bob, **target(listener, done="on")))
    went_well, said = try_out(world.services, bobs)
    assert not went_well
    assert "only an admin may use" in said
    assert not listener.asked
    assert try_out(world.services, world.read(world.hook(**target(listener, done="on")))) == (
        True,
        "It took: A test of Inlay.",
    )


def test_a_mixed_message_says_how_many_of_what() -> None:
    def message(event: str, number: int, **more: object) -> Message:
        facts = {"title": f"T{number}", "url": "", "tracks": [], "failure": None, **more}
        return Message(event=event, subject=str(number), body={"download": facts})

    news = [
        *(message("ready", number) for number in range(13)),
        message("done", 0),
        message("failed", 20, failure={"kind": "permanent", "message": "It was removed."}),
        Message(event="library", subject="", body={"library": {"added": 2, "removed": 0}}),
    ]
    title, body = notify.compose(news)
    assert title == (
        "12 tracks are ready for review, 1 track was added, 1 track failed, The library changed: 2 added"
    )
    assert body.splitlines()[:2] == ["• T1", "• T2"]
    assert "… and 2 more" in body
    assert "• T20: It was removed." in body


@pytest.mark.parametrize(
    "url",
    ["mailto://me:pw@example.org", "syslog://", "dbus://", "file:///etc/passwd", "json:", "ntfys", "exec://x"]
    + [
        "slack://a/b/c?template=/etc/passwd",
        "discord://1/2?Template=x",
        "ntfy://x?attach=file:///etc/passwd",
    ],
)
def test_what_does_not_speak_http_or_reads_files_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        notify.read_url(url)


def test_all_that_are_offered_speak_http_by_the_one_library_that_the_guard_serves() -> None:
    from apprise.manager_plugins import NotificationManager

    known = NotificationManager()
    for scheme in notify.SCHEMES:
        source = inspect.getsource(inspect.getmodule(known[scheme]))  # type: ignore[arg-type]
        assert "requests." in source, scheme
        assert not OWN_WAYS.search(source), scheme


def test_what_apprise_does_not_understand_is_said() -> None:
    args = {
        "url": "tgram://nonsense",
        "title": "a",
        "body": "b",
        "proxy": "http://127.0.0.1:9",
        "ca_file": "",
    }
    with pytest.raises(Failure, match="does not understand this address"):
        notify.parent.run("app.tell.notify:send_in_child", {**args, "ca_file": ""}, seconds=20)
