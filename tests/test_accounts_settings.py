"""Devices, the password and the bookmarklet on the settings page, and the sessions of the API."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from app.accounts.sessions import device_name
from tests.accounts_app import PASSWORD, SAME_ORIGIN, Person, World, world

HTMX = {**SAME_ORIGIN, "hx-request": "true"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)
NEW = "another roof in the rain"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "data") as made:
        made.user()
        yield made


@pytest.fixture
def alice(place: World) -> Person:
    return signed_in(place, FIREFOX)


@pytest.fixture
def phone(place: World, alice: Person) -> Person:
    return signed_in(place, IPHONE)


def signed_in(place: World, agent: str) -> Person:
    person = place.browser(**{"user-agent": agent})
    person.sign_in()
    return person


def works(person: Person) -> bool:
    return person.get("/api/v1/things").status_code == 200


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.1.2", "curl/8.1.2"),
        ("", "Unknown device"),
        ("\x1b[31mx\r\n" + "y" * 100, "[31mx" + "y" * 52),
    ],
)
def test_devices_have_names_that_people_know(agent: str, name: str) -> None:
    assert device_name(agent) == name


def test_devices_are_listed_and_one_can_be_signed_out(alice: Person, phone: Person) -> None:
    shown = alice.get("/settings").text
    assert "Firefox on Linux" in shown
    assert "Safari on iPhone" in shown
    answer = alice.send("/settings/devices/2/sign-out", headers=HTMX)
    assert answer.text.lstrip().startswith('<section id="devices"')
    assert "iPhone" not in answer.text
    assert works(alice)
    assert not works(phone)


def test_all_other_devices_can_be_signed_out_at_once(place: World, alice: Person, phone: Person) -> None:
    bob = place.browser()
    place.user("bob")
    bob.sign_in("bob")
    answer = alice.send("/settings/devices/sign-out-others")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings#devices")
    assert works(alice)
    assert works(bob)
    assert not works(phone)
    assert "Sign out all others" not in alice.get("/settings").text


def test_the_api_lists_and_ends_own_sessions(alice: Person, phone: Person) -> None:
    listed = alice.get("/api/v1/sessions").json()
    assert listed["next"] is None
    assert {one["device"]: one["current"] for one in listed["items"]} == {
        "Firefox on Linux": True,
        "Safari on iPhone": False,
    }
    headers = {**SAME_ORIGIN, "x-csrf-token": alice.form_token}
    assert alice.client.delete("/api/v1/sessions/2", headers=headers).status_code == 204
    assert alice.client.delete("/api/v1/sessions/2", headers=headers).status_code == 404
    assert alice.client.delete("/api/v1/sessions/99999999999999999999", headers=headers).status_code == 404
    assert not works(phone)


def test_changing_the_password_signs_the_others_out(place: World, alice: Person, phone: Person) -> None:
    answer = alice.send("/settings/password", {"old": PASSWORD, "new": NEW}, headers=HTMX)
    assert answer.status_code == 200
    assert "Changed. Your other devices are signed out." in answer.text
    assert answer.headers["hx-trigger"] == "devices-changed"
    assert works(alice)
    assert not works(phone)
    assert place.browser().sign_in().status_code == 422
    assert place.browser().sign_in(password=NEW).status_code == 303


def test_the_password_form_comes_back_with_what_is_wrong(place: World, alice: Person, phone: Person) -> None:
    for form, sentence in (
        ({"old": "wrong one", "new": NEW}, "That is not your password. Try again."),
        ({"old": PASSWORD, "new": "short"}, "Use at least 8 characters for the password."),
        ({}, "Use at least 8 characters for the password."),
    ):
        answer = alice.send("/settings/password", form, headers=HTMX)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert NEW not in answer.text
    assert works(phone)
    assert place.browser().sign_in().status_code == 303


def test_guessing_the_old_password_is_limited(alice: Person) -> None:
    guesses = [
        alice.send("/settings/password", {"old": f"guess {number}", "new": NEW}).status_code
        for number in range(6)
    ]
    assert guesses == [422] * 5 + [429]


def test_every_section_has_one_root_with_its_id(alice: Person) -> None:
    answer = alice.get("/settings/devices", headers=HTMX).text.strip()
    assert answer.startswith('<section id="devices"')
    assert answer.count("<section") == 1
    assert answer.endswith("</section>")


def test_bookmarklet_opens_our_add_page_and_holds_no_secret(alice: Person) -> None:
    shown = alice.get("/settings").text
    found = re.search(r'id="bookmarklet-link" href="([^"]+)"', shown)
    assert found
    code = unescape(found[1])
    assert code.startswith('javascript:void open("http://music.test/add?url="+encodeURIComponent(')
    assert alice.form_token not in code
    assert "inlay_" not in code
    assert unescape(re.search(r"<textarea[^>]*>(.*)</textarea>", shown)[1]) == code  # type: ignore[index]


def test_pages_have_no_inline_script_or_style(alice: Person, place: World) -> None:
    for page in (alice.get("/settings").text, place.browser().get("/login").text):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)
