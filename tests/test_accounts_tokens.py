"""API tokens: what each scope reaches, how they are made and revoked, and when they stop working."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from app.accounts import sessions
from app.accounts.model import LoginSession, Scope, Token, User
from app.db import now
from tests.accounts_app import SAME_ORIGIN, Person, World, world

OPEN = ("/login", "/login/link", "/setup")
HTMX = {**SAME_ORIGIN, "hx-request": "true"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "data") as made:
        yield made


@pytest.fixture
def alice(place: World) -> Person:
    place.user()
    person = place.browser()
    person.sign_in()
    return person


def test_full_token_needs_no_form_token_and_no_origin(place: World) -> None:
    api = place.browser(**place.token(place.user()))
    assert api.get("/api/v1/things").json() == ["alice"]
    headers = {"origin": "http://elsewhere.test"}
    assert api.client.post("/api/v1/links", json={"url": "x"}, headers=headers).status_code == 202


def test_submit_token_reaches_what_is_for_it_and_nothing_else(place: World) -> None:
    api = place.browser(**place.token(place.user(), Scope.SUBMIT))
    assert api.client.post("/api/v1/links", json={"url": "x"}).status_code == 202
    for route in place.app.routes:
        if route.path == "/api/v1/links" or route.path in OPEN:
            continue
        path = re.sub(r"\{\w+:int\}", "1", route.path)
        for method in sorted(route.methods):
            answer = api.client.request(method, path, follow_redirects=False)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope"), (method, path)


def test_every_route_but_the_public_ones_asks_for_a_login(place: World) -> None:
    place.user()
    stranger = place.browser()
    for route in place.app.routes:
        if route.path in OPEN:
            continue
        path = re.sub(r"\{\w+:int\}", "1", route.path)
        for method in sorted(route.methods):
            answer = stranger.client.request(method, path, follow_redirects=False)
            if path.startswith("/api/"):
                assert answer.status_code == 401, (method, path)
            else:
                assert answer.headers["location"].startswith("/login"), (method, path)


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer é", "bearer null", "Token {}", "{}"]
)
def test_malformed_tokens_are_nobody(place: World, header: str) -> None:
    token = place.token(place.user())["authorization"].removeprefix("Bearer ")
    value = header.replace("{}", token).encode()
    answer = place.browser().client.get("/api/v1/things", headers={"authorization": value})
    assert answer.status_code == 401


def test_a_wrong_token_is_not_helped_by_a_session_but_basic_auth_is_no_token(alice: Person) -> None:
    assert alice.get("/api/v1/things", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert alice.get("/api/v1/things", headers={"authorization": "Basic eDp5"}).status_code == 200


def test_a_session_cookie_is_no_token_and_a_token_no_cookie(place: World, alice: Person) -> None:
    api = place.browser(authorization=f"Bearer {alice.cookie}")
    assert api.get("/api/v1/things").status_code == 401
    token = place.token(place.user("bob"))["authorization"].removeprefix("Bearer ")
    assert place.browser(cookie=f"inlay_session={token}").get("/api/v1/things").status_code == 401


def test_tokens_and_sessions_of_a_deleted_user_are_dead(place: World, alice: Person) -> None:
    user = place.user("bob")
    bob = place.browser()
    bob.sign_in("bob")
    api = place.browser(**place.token(user))
    assert (api.get("/api/v1/things").status_code, bob.get("/api/v1/things").status_code) == (200, 200)
    with place.services.db.write() as session:
        session.execute(delete(User).where(User.id == user.id))
    assert (api.get("/api/v1/things").status_code, bob.get("/api/v1/things").status_code) == (401, 401)
    assert alice.get("/api/v1/things").status_code == 200


def test_last_use_is_written_once_in_15_minutes(place: World) -> None:
    api = place.browser(**place.token(place.user()))

    def used_at() -> object:
        with place.services.db.read() as session:
            return session.scalars(select(Token.used_at)).one()

    assert used_at() is None
    api.get("/api/v1/things")
    first = used_at()
    assert first
    api.get("/api/v1/things")
    assert used_at() == first
    with place.services.db.write() as session:
        session.execute(update(Token).values(used_at=now() - timedelta(minutes=16)))
    api.get("/api/v1/things")
    assert used_at() > first  # type: ignore[operator]


@pytest.mark.parametrize("headers", [SAME_ORIGIN, HTMX], ids=["page", "fragment"])
def test_new_token_is_shown_once_and_works(place: World, alice: Person, headers: dict[str, str]) -> None:
    form = {"scope": "submit", "label": "my <phone>"}
    answer = alice.send("/settings/tokens", form, headers=headers)
    assert answer.status_code == 200
    assert ("<html" in answer.text) == (headers is SAME_ORIGIN)
    found = re.search(r'id="new-token" value="(inlay_[\w-]+)"', answer.text)
    assert found
    assert found[1] not in alice.get("/settings").text
    assert "my &lt;phone&gt;" in alice.get("/settings").text
    with place.services.db.read() as session:
        row = session.scalars(select(Token)).one()
    assert (row.token_hash, row.scope) == (sessions.hashed(found[1]), "submit")
    api = place.browser(authorization=f"Bearer {found[1]}")
    assert api.client.post("/api/v1/links", json={"url": "x"}).status_code == 202
    revoked = alice.send(f"/settings/tokens/{row.id}/revoke", headers=headers)
    assert revoked.status_code == (303 if headers is SAME_ORIGIN else 200)
    assert api.client.post("/api/v1/links", json={"url": "x"}).status_code == 401
    assert alice.send(f"/settings/tokens/{row.id}/revoke").status_code == 404


def test_token_with_an_unknown_scope_is_refused(alice: Person) -> None:
    answer = alice.send("/settings/tokens", {"scope": "admin", "label": ""}, headers=HTMX)
    assert answer.status_code == 422
    assert "Choose what the token may do." in answer.text


def test_nobody_keeps_more_than_fifty_tokens(place: World, alice: Person) -> None:
    with place.services.db.write() as session:
        session.add_all(Token(token_hash=str(number), user_id=1) for number in range(50))
    answer = alice.send("/settings/tokens", {"scope": "full", "label": ""})
    assert answer.status_code == 422
    assert "You have 50 tokens." in answer.text


def test_bob_cannot_revoke_what_is_alices(place: World, alice: Person) -> None:
    alice.send("/settings/tokens", {"scope": "full", "label": ""})
    place.user("bob")
    bob = place.browser()
    bob.sign_in("bob")
    assert bob.send("/settings/tokens/1/revoke").status_code == 404
    assert bob.send("/settings/devices/1/sign-out").status_code == 404
    headers = {**SAME_ORIGIN, "x-csrf-token": bob.form_token}
    assert bob.client.delete("/api/v1/sessions/1", headers=headers).status_code == 404
    assert alice.get("/api/v1/sessions").json()["items"][0]["id"] == 1
    assert [one["id"] for one in bob.get("/api/v1/sessions").json()["items"]] == [2]


def test_the_settings_show_nothing_to_other_users(place: World, alice: Person) -> None:
    alice.send("/settings/tokens", {"scope": "full", "label": "alices own"})
    place.user("bob")
    bob = place.browser()
    bob.sign_in("bob")
    assert "alices own" not in bob.get("/settings").text


def test_last_use_that_cannot_be_written_is_no_error(place: World, alice: Person) -> None:
    with place.services.db.write() as session:
        session.execute(update(LoginSession).values(seen_at=now() - timedelta(days=1)))
        session.connection().exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    answer = alice.get("/")
    assert (answer.status_code, answer.text) == (200, "hello alice")
    assert "set-cookie" not in answer.headers
