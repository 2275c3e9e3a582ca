"""Web push: encrypted for one browser and signed, batched, tried again, ended with the session."""

import json
import secrets
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from Cryptodome.PublicKey import ECC

from app.accounts import queries as accounts
from app.accounts.model import User
from app.db import now
from app.downloads.model import State
from app.errors import Invalid
from app.tell import push, queries, sealing
from app.tell.line import NotTold
from app.tell.model import PUSH, Hook, Message
from app.tell.teller import Teller, line_to, try_out
from tests.media import tls
from tests.running import wait_for
from tests.tell.conftest import QUICK, World, later, make_world
from tests.tell.fakes import Listener
from tests.tell.push_service import PushService, Subscription, decode, encode, open_sealed

pytestmark = pytest.mark.skipif(tls.openssl() is None, reason="openssl is not installed")

# One pair for all tests: making one takes a child.
KEYS = b"""{"private": "dNjXPo7LlvXqASJ0lYgGpoa05loNTxysiNk09UmZA6g", "public":
"BGBqpGPaxfF88N11R9usIT_eWiQsCmhxTCHkhI7ukI1kMiU_r2xT5e5UiHCf7cTcBNLHd39ixcnl_n6zxwz2yAc"}"""

Start = Callable[[], Teller]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    folder = tmp_path_factory.mktemp("tls")
    context, _ = tls.self_signed(folder)
    with PushService(context) as running:
        running.authority = folder / "site.pem"  # type: ignore[attr-defined]
        yield running


@pytest.fixture
def world(tmp_path: Path, service: PushService) -> Iterator[World]:
    service.mood, service.asked, service.wait = 0, 0, ""
    service.refused.clear()
    authority = service.authority  # type: ignore[attr-defined]
    made = make_world(
        tmp_path / "data", ca_file=authority, allow_hosts=("127.0.0.1",), contact="ida@holm.example"
    )
    yield made
    made.services.db.close()


def soon(what: Callable[[], Any]) -> Any:
    """Each message takes a child: seconds, where many tests run at the same time."""
    return wait_for(what, 40)


def sign_in(world: World, user: User) -> int:
    with world.services.db.write() as session:
        until = now() + timedelta(days=30)
        row = accounts.add_session(session, user.id, secrets.token_hex(8), "Firefox on Android", now(), until)
        return row.id


def turn_on(world: World, user: User, browser: Subscription, session_id: int | None = None) -> str:
    """As the page's script and its route do; answers the hook's id."""
    settings = world.services.settings
    (settings.data_dir / "push-keys").write_bytes(KEYS)
    browser.bound = push.own_keys(settings).public
    address, keys = push.read_subscription(settings, browser.form)
    made = {"user_id": user.id, "session_id": session_id or sign_in(world, user), "events": "ready"}
    with world.services.db.write() as session:
        hook = Hook(kind=PUSH, address=address, secret=keys, login="https://music.example", **made)
        session.add(hook)
        session.flush()
        return hook.id


def is_there(world: World, id: str) -> bool:
    with world.services.db.read() as session:
        return queries.by_id(session, id) is not None


def test_a_message_is_encrypted_as_in_the_standard() -> None:
    """RFC 8291, section 5 and appendix A."""
    own = ECC.construct(
        curve="P-256", d=int.from_bytes(decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    )
    browser = ECC.construct(
        curve="P-256", d=int.from_bytes(decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    )
    auth, salt = decode("BTBZMqHH6r4Tts7J_aSIgg"), decode("DGv6ra1nlYgDCS1FRnbzlw")
    text = b"When I grow up, I want to be a watermelon"
    sealed = sealing.encrypt(text, browser.public_key(), auth, own=own, salt=salt)
    assert encode(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert open_sealed(sealed, browser, auth) == text


def test_what_is_ready_arrives_readable_for_that_browser_alone(
    world: World, service: PushService, start: Start
) -> None:
    phone, bobs = service.browser(), service.browser()
    id = turn_on(world, world.alice, phone)
    turn_on(world, world.bob, bobs)
    start()
    download = world.download(world.alice, "Saltmarsh <b>“א”</b> " + "long " * 60)
    world.move(download, State.REVIEW)
    [one] = soon(lambda: phone.got)
    assert one.told["title"].startswith("Ida Holm – Saltmarsh <b>“א”</b> long")
    assert one.told | {"title": ""} == {
        "device": id,
        "title": "",
        "body": "Ready for review",
        "path": f"downloads/{download}/review",
        "tag": one.headers["topic"],
    }
    assert one.claims["sub"] == "mailto:ida@holm.example"
    assert one.headers["ttl"] == str(7 * 24 * 3600)
    assert one.size < 1200
    soon(lambda: world.read(id).ok_at)
    world.move(download, State.FINALIZING, State.REVIEW)
    [_, again] = soon(lambda: len(phone.got) == 2 and phone.got)
    assert again.headers["topic"] == one.headers["topic"], "it takes the place of the first"
    assert not bobs.got
    assert not service.refused


def test_several_are_one_that_opens_the_inbox_and_what_was_reviewed_meanwhile_is_not_told(
    world: World, service: PushService, start: Start
) -> None:
    phone = service.browser()
    turn_on(world, world.alice, phone)
    for number in range(7):
        download = world.download(world.alice, f"Track {number} " + "x" * 200)
        world.move(download, State.REVIEW)
    world.move(download, State.FINALIZING, State.DONE)
    failed = world.download(world.alice)
    world.move(failed, State.FAILED)
    start()
    [one] = soon(lambda: phone.got)
    assert one.told["title"] == "6 tracks are ready for review"
    assert one.told["path"] == ""
    assert one.told["body"].splitlines()[4] == "… and 2 more"
    assert "Track 6" not in one.told["body"]
    later(0.5)
    assert len(phone.got) == 1


def test_a_busy_service_is_asked_again_and_a_device_that_is_gone_is_removed(
    world: World, service: PushService, start: Start
) -> None:
    phone, tablet, broken = (service.browser() for _ in range(3))
    id, gone, bad = (turn_on(world, world.alice, one) for one in (phone, tablet, broken))
    tablet.is_gone = True
    with world.services.db.write() as session:
        # Not on the curve.
        session.get_one(Hook, bad).secret = f"{encode(bytes([4] + 64 * [1]))} {encode(broken.auth)}"
    start()
    for mood, said in ((503, "status 503"), (429, "enough of us")):
        service.mood = mood
        world.move(world.download(world.alice, f"Track {mood}"), State.REVIEW)
        soon(lambda: said in world.read(id).message)  # noqa: B023
        assert is_there(world, gone)
    service.mood = 0
    soon(lambda: phone.got)
    soon(lambda: not world.outbox(id))
    assert phone.got[0].told["title"] == "2 tracks are ready for review"
    soon(lambda: not is_there(world, gone) and not is_there(world, bad))
    assert is_there(world, id)


def test_a_service_that_says_how_long_is_left_alone_for_so_long_but_not_for_ever(
    world: World, service: PushService, start: Start
) -> None:
    phone = service.browser()
    id = turn_on(world, world.alice, phone)
    start()
    service.mood, service.wait = 429, "4"
    world.move(world.download(world.alice, "Moth"), State.REVIEW)
    soon(lambda: world.read(id).failures)
    asked, service.mood = service.asked, 0
    later(1.5)
    assert service.asked == asked, "our own pause is over since long, theirs is not"
    [one] = soon(lambda: phone.got)
    assert one.told["title"] == "Ida Holm – Moth"
    for status, wait, least, most in (
        (503, format_datetime(now() + timedelta(hours=2), usegmt=True), 7100, 7200),
        (503, "99999999999", 6 * 3600 - 60, 6 * 3600),
        (429, format_datetime(now() - timedelta(days=400), usegmt=True), 0, 1),
        (429, "soon", 0, 1),
        (500, "3600", 0, 1),
    ):
        service.mood, service.wait = status, wait
        with pytest.raises(NotTold) as told:
            push.send(world.read(id), [a_message()], line_to(world.services, world.read(id)))
        assert least <= told.value.wait_s <= most, wait


def test_a_restart_forgets_our_own_pause_and_not_the_one_that_was_asked_for(
    world: World, service: PushService
) -> None:
    busy, down = (turn_on(world, world.alice, service.browser()) for _ in range(2))
    pauses = {busy: timedelta(hours=2), down: timedelta(seconds=QUICK.after(0))}
    with world.services.db.write() as session:
        for id, pause in pauses.items():
            queries.went_wrong(session, id, "", now() + pause)
        queries.forget_pauses(session, lambda failures: timedelta(seconds=QUICK.after(failures)))
    assert world.read(busy).retry_at
    assert world.read(down).retry_at is None


def a_message() -> Message:
    return Message(event="test", body={"text": "This is a test."})


@pytest.mark.parametrize("how", ["sign out", "password", "delete the user", "expire"])
def test_a_device_hears_nothing_more_when_its_session_is_over(
    world: World, service: PushService, start: Start, how: str
) -> None:
    phone, laptop = service.browser(), service.browser()
    here, there = sign_in(world, world.bob), sign_in(world, world.bob)
    id = turn_on(world, world.bob, phone, there)
    kept = turn_on(world, world.bob, laptop, here)
    world.move(world.download(world.bob), State.REVIEW)
    with world.services.db.write() as session:
        match how:
            case "sign out":
                accounts.end_session(session, world.bob.id, there)
            case "password":
                accounts.end_other_sessions(session, world.bob.id, here)
            case "delete the user":
                session.delete(accounts.get_user(session, world.bob.id))
            case "expire":
                accounts.touch_session(session, there, now(), now() - timedelta(seconds=1))
    start()
    if how == "delete the user":
        later()
        assert not is_there(world, kept)
        assert not laptop.got
    else:
        soon(lambda: laptop.got)
        later(0.3)
    assert not phone.got
    # An expired session is kept in case the clock is wrong.
    assert is_there(world, id) == (how == "expire")
    assert how != "expire" or not world.outbox(id)


def test_keys_are_made_once_and_are_their_owners_alone(world: World) -> None:
    settings = world.services.settings
    file = settings.data_dir / "push-keys"
    assert not file.exists()
    keys = push.own_keys(settings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert push.own_keys(settings) == keys
    file.write_bytes(b'{"private": "x')
    assert push.own_keys(settings) != keys, "half a file is as good as none"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706434/x",
        "https://[::1]:8640/x",
        "https://[::ffff:192.168.0.1]/x",
        "https://a:b@push.example/x",
        "https://push.example/x#y",
        "https://push.example/x y",
        "https://push.example/" + "x" * 1000,
        "https://",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_no_push_service_has_is_refused(world: World, endpoint: str) -> None:
    with pytest.raises(Invalid, match="no address that Inlay may use"):
        push.read_subscription(world.services.settings, {**Subscription("").form, "endpoint": endpoint})


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": ""},
        {"p256dh": encode(b"\2" + b"\1" * 32)},
        {"p256dh": encode(b"-----BEGIN PUBLIC KEY-----" * 5)[:87]},
        {"auth": ""},
        {"auth": encode(b"short")},
        {"auth": "äöü"},
    ],
)
def test_keys_that_are_none_are_refused(world: World, keys: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        push.read_subscription(world.services.settings, Subscription("https://push.example/x").form | keys)


def test_names_that_lead_home_are_judged_when_they_are_dialled_even_an_admins(
    tmp_path: Path, service: PushService
) -> None:
    """A private one, and our own port although its host is allowed."""
    with Listener() as ours:
        for allowed, host in (((), "localhost"), (("127.0.0.1", "localhost"), "localhost")):
            made = make_world(tmp_path / f"data{len(allowed)}", allow_hosts=allowed, port=ours.port)
            trap = Subscription(f"https://{host}:{ours.port}/latest/meta-data/")
            hook = made.read(turn_on(made, made.alice, trap))
            went_well, said = try_out(made.services, hook)
            assert not went_well
            assert "leads into a private network" in said
            made.services.db.close()
        assert not ours.asked
    assert not service.asked


def test_a_payload_never_grows_beyond_what_services_take(world: World) -> None:
    messages = [
        push.Message(event="ready", subject=str(number), body={"download": facts})
        for number, facts in enumerate([{"title": "ש" * 500, "url": "", "tracks": []}] * 300)
    ]
    told = push.compose(messages)
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 3000
    assert told["title"] == "300 tracks are ready for review"
