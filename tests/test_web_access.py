"""Two people, every route, every method: generated from the route table, so a new route is covered at once.

It is asked whether anybody can get at, or change, what is Bob's. What answers carry whoever asks is in
`tests/test_journey_access.py`.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import product
from typing import Any

import httpx
import pytest

from app.accounts import sessions
from tests.route_table import CHANGING, METHODS, Route, all_routes
from tests.running import PASSWORD
from tests.two_people import TwoPeople, two_people

PUBLIC = {
    "/api/v1/health": "a supervisor asks it, and it tells the version only",
    "/login": "one cannot be signed in before",
    "/login/link": "a phone that holds the code of a QR code signs in with it",
    "/login/oidc": "it is the way to sign in elsewhere",
    "/login/oidc/back": "one is signed in by it, with a state that only this browser has",
    "/setup": "open until there is a first user, then it leads away",
    "/manifest.webmanifest": "says what Inlay is, in the language of the browser",
    "/sw.js": "our own file",
    "/offline": "a page without anybody's things, for a phone without a server",
    "/add/now": "an empty page; its script hands in a link with a token",
    "/share": "leads to the page that waits for a tap, and does nothing else",
    "/static/{name}": "our own files, the same for everybody",
}
SHARED = ("/library", "/api/v1/library")
"""The library is everybody's by design: Alice may list, hear, like, edit and delete Bob's track there."""
REFUSALS = (401, 403, 404, 405, 409, 422)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoPeople]:
    with two_people(tmp_path_factory.mktemp("two")) as made:
        yield made


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    return all_routes(tmp_path_factory.mktemp("routes"))


@pytest.fixture(scope="module")
def web(world: TwoPeople) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.inlay.url, verify=False, timeout=20) as client:
        yield client


@pytest.fixture(autouse=True)
def bobs_things_stay_as_they_are(world: TwoPeople) -> Iterator[None]:
    before = world.all_of_bobs()
    yield
    assert world.all_of_bobs() == before


def bobs_addresses(world: TwoPeople, route: Route) -> list[str]:
    """The route's address for each thing of Bob's that fits into it. A name that nobody knows is an error."""
    bob = world.bob
    track = [world.shared_track] if route.template.startswith(SHARED) else None
    known: dict[str, list[Any]] = {
        "id": track or [id for ids in bob.downloads.values() for id in ids],
        "session_id": [bob.session_id],
        "token_id": bob.token_ids,
        "rule_id": [bob.rule_id],
        "hook_id": [bob.hook_id, bob.push_id],
        "name": ["look.css"],
        "path": ["openapi.json"],
        "site": ["127.0.0.1"],
        "trashed_id": ["01a21ac3-b880-7315-9da2-6feb4974f7e4"],
        "change_id": [world.bobs_change],
    }
    unknown = set(route.names) - set(known)
    assert not unknown, f"{route.template}: say in `known` what of Bob's belongs into {unknown}"
    return [
        route.path(dict(zip(route.names, values, strict=True)))
        for values in product(*(known[name] for name in route.names))
    ]


def everything(world: TwoPeople, routes: list[Route]) -> Iterator[tuple[Route, str, str]]:
    """Every method of every route; what a route takes also for each of Bob's things."""
    for route in routes:
        first, *others = bobs_addresses(world, route)
        yield from ((route, first, method) for method in METHODS)
        yield from ((route, path, method) for path, method in product(others, sorted(route.takes)))


def one_of_each(world: TwoPeople, routes: list[Route]) -> Iterator[tuple[Route, str, str]]:
    """Every method that a route takes, for all routes that are not public."""
    for route in routes:
        if not route.public:
            path = bobs_addresses(world, route)[0]
            yield from ((route, path, method) for method in sorted(route.takes))


def body_for(world: TwoPeople, route: Route, method: str) -> dict[str, Any]:
    """A body that would do something to Bob's download if it were let."""
    if method not in ("POST", "PUT", "PATCH"):
        return {}
    bobs = world.bob.downloads["review"][0]
    if route.template.endswith("/cover"):
        return {"content": b"\x89PNG\r\n\x1a\n"}
    if route.template.endswith("/move"):
        return {"json": {"to": "first"}}
    if "/hooks/" in route.template and route.is_api:
        return {"json": {"address": "https://mine.example/"}}
    if route.template.endswith("/confirm"):
        return {"json": {"id": bobs, "title": "Mine now"}}
    if route.is_api:
        return {"json": {"id": bobs, "title": "Mine now", "url": "nothing"}}
    return {
        "data": {"id": bobs, "url": "nothing", "title": "Mine now", "old": "x", "new": "y", "name": "bob"}
    }


def ask(
    web: httpx.Client, world: TwoPeople, route: Route, path: str, method: str, headers: Mapping[str, str]
) -> httpx.Response:
    sent = body_for(world, route, method)
    answer = web.request(method, path, headers=dict(headers), follow_redirects=False, **sent)
    web.cookies.clear()
    return answer


def told(method: str, route: Route, answer: httpx.Response) -> str:
    return f"{method} {route.template}: {answer.status_code} {answer.headers.get('location', '')}"


def leaks(world: TwoPeople, answer: httpx.Response) -> list[str]:
    """What an answer tells of Bob; that the way back from the login is the way one came tells nothing."""
    headers = {name: value for name, value in answer.headers.items() if name != "location"}
    text = answer.content + repr(headers).encode()
    if answer.status_code != 303:
        text += answer.headers.get("location", "").encode()
    return [secret for secret in world.secrets if secret.encode() in text]


def is_bobs(route: Route) -> bool:
    """Is there something of his in the address or the body? It does not exist for anybody else then."""
    return (
        route.template == "/api/v1/downloads/confirm"
        or bool({"id", "session_id", "token_id", "rule_id", "hook_id", "site"} & set(route.names))
        and not route.template.startswith(SHARED)
    )


def test_what_is_public_is_so_for_a_reason(routes: list[Route]) -> None:
    assert {route.template for route in routes if route.public} == set(PUBLIC)


def test_alice_finds_and_changes_nothing_of_bobs(
    world: TwoPeople, web: httpx.Client, routes: list[Route]
) -> None:
    wrong, number = [], 0
    for route, path, method in everything(world, routes):
        number += 1
        answer = ask(web, world, route, path, method, world.alice.bearer)
        lacking = method not in route.takes
        good = not lacking or (answer.status_code == 405 and "content-security-policy" in answer.headers)
        if is_bobs(route) and method in route.takes and method != "OPTIONS":
            good = answer.status_code == 404
        elif method in CHANGING and not route.public and method in route.takes:
            good = answer.status_code in (*REFUSALS, 200, 303)
            # A like is the person's own, whoever's track it is.
            good |= answer.status_code == 204 and route.template.endswith("/like")
        if not good or answer.status_code >= 500 or leaks(world, answer):
            wrong.append(f"{told(method, route, answer)} {leaks(world, answer)}")
    assert not wrong, "\n".join(wrong)
    assert number > 500, number


def test_nobody_gets_nowhere_but_to_the_login(
    world: TwoPeople, web: httpx.Client, routes: list[Route]
) -> None:
    wrong = []
    for route, path, method in one_of_each(world, routes):
        answer = ask(web, world, route, path, method, {})
        if route.is_api:
            good = answer.status_code == 401 and "problem+json" in answer.headers["content-type"]
        else:
            good = answer.status_code == 303 and answer.headers["location"].startswith("/login")
        if not good or leaks(world, answer) or b"alice" in answer.content or "set-cookie" in answer.headers:
            wrong.append(told(method, route, answer))
    assert not wrong, "\n".join(wrong)


def test_a_submit_token_only_hands_in_links(world: TwoPeople, web: httpx.Client, routes: list[Route]) -> None:
    assert [route.template for route in routes if route.submit] == ["/api/v1/downloads/url"]
    wrong = []
    for route, path, method in one_of_each(world, routes):
        # His own things: even those are none of this token's business.
        answer = ask(web, world, route, path, method, world.bob.submitting)
        if answer.status_code != (422 if route.submit and method == "POST" else 403):
            wrong.append(told(method, route, answer))
    assert not wrong, "\n".join(wrong)


def test_a_signed_in_browser_changes_nothing_without_our_own_page(
    world: TwoPeople, web: httpx.Client, routes: list[Route]
) -> None:
    """Not even the person's own things: it is Bob's browser that is led astray here."""
    bob, ours = world.bob, {"Origin": world.inlay.url}
    forgeries = {
        "without the form token": {**bob.browser, **ours},
        "with another person's form token": {**bob.browser, **ours, "X-CSRF-Token": world.alice.form_token},
        "from another origin": {
            **bob.browser,
            "Origin": "http://evil.example",
            "X-CSRF-Token": bob.form_token,
        },
        "from no origin": {**bob.browser, "Origin": "null", "X-CSRF-Token": bob.form_token},
        "from another site": {
            **bob.browser,
            **ours,
            "Sec-Fetch-Site": "cross-site",
            "X-CSRF-Token": bob.form_token,
        },
    }
    wrong = []
    for (why, headers), route in product(forgeries.items(), routes):
        path = bobs_addresses(world, route)[0]
        for method in sorted(route.takes & set(CHANGING)):
            if (route.public and "form token" in why) or route.anonymous:
                continue
            answer = ask(web, world, route, path, method, headers)
            if answer.status_code != 403:
                wrong.append(f"{why}: {told(method, route, answer)}")
    assert not wrong, "\n".join(wrong)


def test_where_nobody_is_looked_up_a_cookie_is_worth_nothing(
    world: TwoPeople, web: httpx.Client, routes: list[Route]
) -> None:
    """These take requests from other sites, so they may not know that it is Bob's browser that sends them."""
    unknown = [route for route in routes if route.anonymous]
    assert {route.template for route in unknown if route.takes & set(CHANGING)} == {"/share"}
    for route in unknown:
        for method in sorted(route.takes - {"OPTIONS"}):
            path = bobs_addresses(world, route)[0]
            by_bob, by_nobody = (
                ask(web, world, route, path, method, {**who, "Sec-Fetch-Site": "cross-site"})
                for who in (world.bob.browser, {})
            )
            assert (by_bob.status_code, by_bob.content) == (by_nobody.status_code, by_nobody.content)
            assert "set-cookie" not in by_bob.headers


def test_what_has_ended_is_nobody(world: TwoPeople, web: httpx.Client, routes: list[Route]) -> None:
    """The token of a user who is gone, one that never was, a session that was signed out or is too old."""
    with closing(sqlite3.connect(world.file, timeout=20)) as db, db:
        db.execute("PRAGMA foreign_keys=ON")
        row = dict(zip(*_row(db, "users", world.alice.id), strict=True))
        carol = 4711
        columns = {**row, "id": carol, "name": "carol", "name_key": "carol"}
        _insert(db, "users", columns)
        for table, secret, more in (
            ("tokens", "inlay_of-carol", {}),
            ("sessions", "session-of-carol", {}),
            ("sessions", "too-old", {"expires_at": "2020-01-01 00:00:00.000000"}),
        ):
            names, values = _row(db, table, 1)
            made = dict(zip(names, values, strict=True)) | {
                "id": None,
                "user_id": carol,
                "token_hash": sessions.hashed(secret),
                **more,
            }
            _insert(db, table, made)
    token = {"Authorization": "Bearer inlay_of-carol"}
    cookie = {"Cookie": f"{sessions.COOKIE}=session-of-carol"}
    for working in (token, cookie):
        assert web.get("/api/v1/sessions", headers=working).status_code == 200
    with closing(sqlite3.connect(world.file, timeout=20)) as db, db:
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("DELETE FROM users WHERE id = ?", (carol,))
    old = {"Cookie": f"{sessions.COOKIE}=too-old"}
    made_up = {"Authorization": "Bearer inlay_made_up"}
    for headers, route in product((token, made_up, cookie, old), routes):
        for method in sorted(route.takes - {"OPTIONS"}):
            if route.public:
                continue
            answer = ask(web, world, route, bobs_addresses(world, route)[0], method, headers)
            wanted = 401 if route.is_api else 303
            assert answer.status_code == wanted, told(method, route, answer)


def _row(db: sqlite3.Connection, table: str, id: int) -> tuple[list[str], tuple[Any, ...]]:
    found = db.execute(f"SELECT * FROM {table} WHERE id = ?", (id,))
    return [column[0] for column in found.description], found.fetchone()


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    db.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values())
    )


def test_only_admins_see_everybodys(world: TwoPeople, web: httpx.Client, routes: list[Route]) -> None:
    """Whoever is no admin gains nothing by saying `all`, whatever the route."""
    for route in routes:
        if "GET" not in route.takes or route.public:
            continue
        for path, word in product(bobs_addresses(world, route)[:2], ("true", "1", "on", "True")):
            answer = web.get(f"{path}?all={word}", headers=world.alice.bearer, follow_redirects=False)
            assert not leaks(world, answer), told("GET", route, answer)
            assert not (is_bobs(route) and answer.is_success), told("GET", route, answer)
    assert web.get("/api/v1/downloads?all=true", headers=world.alice.bearer).status_code == 403
    with closing(sqlite3.connect(world.file, timeout=20)) as db, db:
        db.execute("UPDATE users SET is_admin = 1 WHERE id = ?", (world.alice.id,))
    seen = web.get("/api/v1/downloads?all=true&limit=200", headers=world.alice.bearer).json()["items"]
    with closing(sqlite3.connect(world.file, timeout=20)) as db, db:
        db.execute("UPDATE users SET is_admin = 0 WHERE id = ?", (world.alice.id,))
    assert {id for ids in world.bob.downloads.values() for id in ids} <= {one["id"] for one in seen}


def test_a_session_that_was_signed_out_is_nobody(world: TwoPeople, web: httpx.Client) -> None:
    sent = web.post(
        "/login", data={"name": "alice", "password": PASSWORD}, headers={"Origin": world.inlay.url}
    )
    cookie = sent.cookies[sessions.COOKIE]
    web.cookies.clear()
    form_token = sessions.form_token((world.inlay.data / "secret").read_bytes(), cookie)
    alice = {"Cookie": f"{sessions.COOKIE}={cookie}", "Origin": world.inlay.url, "X-CSRF-Token": form_token}
    assert web.get("/api/v1/sessions", headers=alice).status_code == 200
    assert web.post("/logout", headers=alice).status_code == 303
    web.cookies.clear()
    assert web.get("/api/v1/sessions", headers=alice).status_code == 401
    assert re.match("/login", web.get("/", headers=alice).headers["location"])
