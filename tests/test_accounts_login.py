"""Setup, login, logout: who gets in, who does not, and what each of them can tell from it."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.accounts import login, passwords, queries, sessions, setup
from app.accounts.model import LoginSession, User
from app.accounts.throttle import Throttle
from app.db import now
from app.errors import Invalid
from tests.accounts_app import PASSWORD, World, make_services, world


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "data") as made:
        yield made


def rows(place: World, table: type) -> int:
    with place.services.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_first_visit_leads_to_setup_and_makes_the_admin(place: World) -> None:
    person = place.browser()
    assert person.get("/").headers["location"] == "/setup"
    assert person.get("/login").headers["location"] == "/setup"
    assert 'name="password"' in person.get("/setup").text
    answer = person.send("/setup", {"name": "Alice", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert person.get("/").text == "hello Alice"
    with place.services.db.read() as session:
        user = queries.find_user(session, "ALICE")
    assert user
    assert user.is_admin


def test_setup_is_closed_once_somebody_lives_here(place: World) -> None:
    place.user()
    person = place.browser()
    assert person.get("/setup").status_code == 303
    assert person.send("/setup", {"name": "eve", "password": PASSWORD}).headers["location"] == "/login"
    assert person.cookie is None
    assert rows(place, User) == 1


def test_two_setups_at_once_make_one_admin(place: World) -> None:
    people = [place.browser() for _ in range(4)]
    gate = threading.Barrier(len(people))

    def try_it(number: int) -> None:
        gate.wait()
        people[number].send("/setup", {"name": f"user{number}", "password": PASSWORD})

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(place, User) == 1
    assert sum(person.cookie is not None for person in people) == 1


def test_setup_form_comes_back_with_a_sentence_at_the_field(place: World) -> None:
    answer = place.browser().send("/setup", {"name": "<b>alice", "password": "short"})
    assert answer.status_code == 422
    assert "Use at least 8 characters for the password." in answer.text
    assert 'value="&lt;b&gt;alice"' in answer.text
    assert rows(place, User) == 0


@pytest.mark.parametrize("name", ["alice", "ALICE", " Alice ", "a\u0301lice"])
def test_names_are_compared_without_case_and_composition(place: World, name: str) -> None:
    place.user("Álice" if "\u0301" in name else "Alice")
    assert place.browser().sign_in(name).status_code == 303


def test_wrong_password_and_unknown_user_get_the_same_answer(place: World) -> None:
    place.user()
    person = place.browser()
    wrong = person.send("/login", {"name": "alice", "password": "not the password"})
    unknown = person.send("/login", {"name": "nobody", "password": "not the password"})
    assert wrong.status_code == unknown.status_code == 422
    assert "do not go together" in wrong.text
    assert wrong.text.replace('value="alice"', "") == unknown.text.replace('value="nobody"', "")
    assert person.cookie is None


def test_unknown_user_takes_as_long_as_a_wrong_password(place: World) -> None:
    place.user()

    def once(name: str) -> float:
        start = time.perf_counter()
        with pytest.raises(Invalid):
            login.check_login(place.services.db, Throttle(), name, "not the password", "10.0.0.1")
        return time.perf_counter() - start

    # In turns: what else this machine does slows both down alike.
    known, unknown = map(min, zip(*((once("alice"), once("nobody")) for _ in range(12)), strict=True))
    assert unknown > 0.01, "nothing was hashed"
    assert 0.5 < unknown / known < 2
    assert not passwords.needs_rehash(passwords.NOBODY)


def test_a_hash_with_old_parameters_is_renewed_at_login(place: World) -> None:
    from argon2 import PasswordHasher

    user = place.user()
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with place.services.db.write() as session:
        queries.set_password(session, user.id, old)
    assert place.browser().sign_in().status_code == 303
    with place.services.db.read() as session:
        renewed = queries.get_user(session, user.id)
    assert renewed
    assert renewed.password_hash != old
    assert not passwords.needs_rehash(renewed.password_hash)
    assert place.browser().sign_in().status_code == 303


def test_session_id_chosen_before_login_is_never_adopted(place: World) -> None:
    place.user()
    attacker, victim = place.browser(), place.browser()
    chosen = attacker.sign_in() and attacker.cookie
    assert chosen
    for preset in ("ATTACKER", chosen):
        victim.client.cookies.set("inlay_session", preset)
        answer = victim.send("/login", {"name": "alice", "password": PASSWORD})
        assert f"inlay_session={preset}" not in answer.headers["set-cookie"]
        victim.client.cookies.clear()
        assert place.browser(cookie=f"inlay_session={preset}").get("/api/v1/things").status_code == 401


def test_logout_ends_the_session_and_its_cookie_cannot_be_replayed(place: World) -> None:
    place.user()
    person = place.browser()
    person.sign_in()
    cookie = person.cookie
    assert person.get("/api/v1/things").status_code == 200
    answer = person.send("/logout")
    assert answer.headers["location"] == "/login"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert person.cookie is None
    assert place.browser(cookie=f"inlay_session={cookie}").get("/api/v1/things").status_code == 401


def test_cookie_is_http_only_lax_and_secure_only_on_https(place: World) -> None:
    place.user()
    for scheme in ("http", "https"):
        origin = {"origin": f"{scheme}://music.test"}
        form = {"name": "alice", "password": PASSWORD}
        answer = place.browser(f"{scheme}://music.test").send("/login", form, headers=origin)
        parts = answer.headers["set-cookie"].split("; ")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=2592000"} <= set(parts)
        assert ("Secure" in parts) == (scheme == "https")


def test_only_the_hash_of_the_cookie_is_stored(place: World) -> None:
    place.user()
    person = place.browser()
    person.sign_in()
    with place.services.db.read() as session:
        row = session.scalars(select(LoginSession)).one()
    assert person.cookie
    assert row.token_hash == sessions.hashed(person.cookie) != person.cookie


def test_expiry_slides_and_is_written_once_in_15_minutes(place: World) -> None:
    place.user()
    person = place.browser()
    person.sign_in()

    def seen(ago: timedelta) -> None:
        with place.services.db.write() as session:
            moment = now() - ago
            session.execute(
                update(LoginSession).values(seen_at=moment, expires_at=moment + sessions.LIFETIME)
            )

    seen(timedelta(minutes=14))
    assert "set-cookie" not in person.get("/").headers
    seen(timedelta(days=29))
    assert f"inlay_session={person.cookie};" in person.get("/").headers["set-cookie"]
    assert "set-cookie" not in person.get("/").headers
    seen(timedelta(minutes=20))
    cookies = person.send("/logout").headers.get_list("set-cookie")
    assert [cookie.partition(";")[0] for cookie in cookies] == ['inlay_session=""']
    person.sign_in()
    seen(timedelta(days=31))
    assert person.get("/api/v1/things").status_code == 401


def test_anonymous_requests_write_nothing_and_set_no_cookie(place: World) -> None:
    place.user()
    file = place.services.settings.database_file
    stranger = place.browser(cookie="inlay_session=made-up")
    before = (rows(place, LoginSession), wal_size(file))
    for path in ("/", "/login", "/setup", "/api/v1/things", "/settings"):
        assert "set-cookie" not in stranger.get(path).headers
    assert (rows(place, LoginSession), wal_size(file)) == before


def wal_size(database: Path) -> int:
    return database.with_name(database.name + "-wal").stat().st_size


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("/library?q=a%20b", "/library?q=a%20b"),
        ("/add?url=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc", "/add?url=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc"),
        ("https://evil.test/", "/"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("\\/evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("/\n/evil.test", "/"),
        (" //evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_login_goes_on_to_our_own_pages_only(place: World, asked: str, got: str) -> None:
    place.user()
    assert place.browser().sign_in(next=asked).headers["location"] == got


def test_asked_page_is_found_again_after_login(place: World) -> None:
    place.user()
    person = place.browser()
    sent = person.get("/settings?a=%26").headers["location"]
    assert sent == "/login?next=/settings%3Fa%3D%2526"
    assert 'name="next" value="/settings?a=%26"' in person.get(sent).text
    fragment = {"hx-request": "true", "hx-current-url": "http://music.test/downloads/1/review?x=1"}
    answer = person.get("/settings/devices", headers=fragment)
    assert answer.headers["hx-location"] == "/login?next=/downloads/1/review%3Fx%3D1"
    assert person.send("/logout").headers["location"] == "/login"


def test_signed_in_visitor_of_the_login_page_goes_on(place: World) -> None:
    place.user()
    person = place.browser()
    person.sign_in()
    assert person.get("/login?next=/library").headers["location"] == "/library"


def test_the_api_answers_401_instead_of_a_login_page(place: World) -> None:
    answer = place.browser().get("/api/v1/things")
    assert (answer.status_code, answer.json()["code"]) == (401, "login_required")


def test_big_forms_are_refused_before_they_are_read(place: World) -> None:
    place.user()
    answer = place.browser().send("/login", {"name": "alice", "password": "x" * 40_000})
    assert answer.status_code == 413


def test_admin_of_the_settings_is_made_at_the_first_start_only(tmp_path: Path) -> None:
    services = make_services(tmp_path / "data", admin_user="Root", admin_password=PASSWORD)
    setup.ensure_admin(services.db, services.settings)
    setup.ensure_admin(services.db, services.settings)
    with services.db.read() as session:
        users = list(session.scalars(select(User)))
    assert [(user.name, user.is_admin) for user in users] == [("Root", True)]
    services.db.close()


@pytest.mark.parametrize("password", ["short", "", "x" * 1025, "with\0nul inside"])
def test_bad_passwords_are_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.check_rules(password)
    assert caught.value.fields["password"].endswith(".")


def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    assert passwords.verify(passwords.hash_password("caf\u00e9 noir"), "cafe\u0301 noir")
