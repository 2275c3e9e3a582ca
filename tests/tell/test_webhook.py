"""A webhook gets every event at least once, signed, in order, whatever breaks; and it is its user's alone."""

import hashlib
import hmac
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import select

from app.downloads import queries
from app.downloads.model import State
from app.tell.model import Message
from app.tell.teller import TRIES, Teller, try_out
from tests.tell.conftest import World, later, make_world, soon
from tests.tell.fakes import Asked, Listener

Start = Callable[[], Teller]
SECRET = "a-key-of-mine"


@pytest.fixture
def hook(world: World, listener: Listener) -> str:
    events = {"ready": "on", "done": "on", "failed": "on"}
    return world.hook(kind="webhook", address=f"{listener.url}/hook?who=me", secret=SECRET, **events)


def is_signed(one: Asked) -> bool:
    text = one.headers["x-inlay-timestamp"].encode() + b"." + one.body
    wanted = "sha256=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, one.headers["x-inlay-signature"])


def test_a_download_is_told_from_ready_to_done(
    world: World, listener: Listener, start: Start, hook: str
) -> None:
    start()
    id = world.download(world.alice, "Saltmarsh “Live”")
    world.move(id, State.REVIEW)
    soon(lambda: len(listener.asked) == 1)
    world.move(id, State.FINALIZING, State.DONE)
    soon(lambda: len(listener.asked) == 2)
    ready, done = listener.asked
    assert (ready.json["event"], done.json["event"]) == ("download.ready", "download.done")
    assert (ready.path, ready.query) == ("/hook", {"who": "me"})
    assert ready.json["download"]["id"] == id
    assert ready.json["download"]["tracks"][0]["title"] == "Saltmarsh “Live”"
    assert done.json["download"]["state"] == "done"
    assert done.json["id"] == done.headers["x-inlay-id"] != ready.json["id"]
    assert done.json["time"].endswith("Z")
    assert abs(int(done.headers["x-inlay-timestamp"]) - time.time()) < 30
    assert is_signed(ready)
    assert is_signed(done)
    soon(lambda: world.read(hook).message == "It took download.done.")


def test_who_is_down_gets_all_of_it_in_order_each_under_one_id(
    world: World, listener: Listener, start: Start, hook: str
) -> None:
    listener.mood = "503"
    first = start()
    for title in ("One", "Two", "Three"):
        world.move(world.download(world.alice, title), State.FAILED)
    soon(lambda: len(listener.asked) >= 2)
    assert "status 503" in world.read(hook).message
    first.stop()
    assert len(world.outbox(hook)) == 3
    listener.mood = ""
    start()
    soon(lambda: not world.outbox(hook))
    ids = [key for key, _ in groupby(one.json["id"] for one in listener.asked)]
    assert len(ids) == len(set(ids)) == 3, "each was tried under the same id until it was taken"
    assert [one.json["download"]["title"] for one in listener.asked][-3:] == ["One", "Two", "Three"]


def test_what_is_refused_again_and_again_is_given_up_for_the_rest(
    world: World, listener: Listener, start: Start, hook: str
) -> None:
    refused = world.download(world.alice, "Poison")
    well = listener.reply
    listener.reply = lambda one: (400, b"") if b"Poison" in one.body else well(one)  # type: ignore[method-assign]
    world.move(refused, State.FAILED)
    world.move(world.download(world.alice, "Fine"), State.FAILED)
    start()
    soon(lambda: not world.outbox(hook), seconds=20)
    assert len([one for one in listener.asked if b"Poison" in one.body]) == TRIES
    assert listener.asked[-1].json["download"]["title"] == "Fine"


def test_what_goes_on_without_a_review_was_never_ready(
    world: World, listener: Listener, start: Start, hook: str
) -> None:
    handed_in = world.download(world.alice, skip_review=True)
    world.move(handed_in, State.REVIEW)
    # What is let in by itself gets there and further in one go.
    by_itself = world.download(world.alice)
    with world.services.db.write() as session:
        queries.move(session, by_itself, State.REVIEW)
        queries.move(session, by_itself, State.FINALIZING)
    assert not world.outbox(hook)
    start()
    world.move(by_itself, State.DONE)
    soon(lambda: listener.asked)
    assert [one.json["event"] for one in listener.asked] == ["download.done"]


def test_a_change_that_is_rolled_back_is_not_told(world: World, hook: str) -> None:
    id = world.download(world.alice)
    with world.services.db.read() as session:
        queries.move(session, id, State.REVIEW)
        assert session.scalars(select(Message)).all()
    assert not world.outbox(hook)


def test_the_library_is_told_with_counts(world: World, listener: Listener, start: Start) -> None:
    world.add_track()
    world.hook(kind="webhook", address=listener.url, secret=SECRET, library="on")
    start()
    added = world.add_track()
    world.add_track()
    world.change(added, path="b.mp3", path_key="b.mp3")
    soon(lambda: listener.asked)
    [told] = [one.json for one in listener.asked]
    assert told["event"] == "library.changed"
    assert told["library"] == {"added": 2, "changed": 0, "renamed": 1, "removed": 0}


def test_bobs_downloads_are_not_alices_to_hear_of(
    world: World, listener: Listener, start: Start, hook: str
) -> None:
    start()
    world.move(world.download(world.bob), State.REVIEW)
    later(0.8)
    assert not listener.asked


def test_only_an_admin_may_name_a_private_address(tmp_path: Path, world: World, listener: Listener) -> None:
    given = {"kind": "webhook", "address": listener.url, "secret": SECRET, "done": "on"}
    bobs = world.read(world.hook(world.bob, **given))
    went_well, said = try_out(world.services, bobs)
    assert not went_well
    assert "only an admin may use" in said
    assert not listener.asked
    assert try_out(world.services, world.read(world.hook(world.alice, **given)))[0]
    assert len(listener.asked) == 1
    open_to_all = make_world(tmp_path / "open", allow_hosts=("127.0.0.1",))
    assert try_out(open_to_all.services, open_to_all.read(open_to_all.hook(open_to_all.bob, **given)))[0]
    open_to_all.services.db.close()
