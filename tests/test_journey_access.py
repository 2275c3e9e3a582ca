"""Every route and method of the running server, asked by nobody, by another user, and with a submit token."""

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.downloads.progress import ProgressBoard
from app.web import create_app
from tests.accounts_app import make_services
from tests.journeys import problem, short_track
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay

FORMS = {
    "/downloads",
    "/add/kept",
    *(f"/downloads/{{id}}/{one}" for one in ("review", "draft", "swap", "changes", "rule", "trim")),
    *(f"/downloads/{{id}}/{one}" for one in ("candidate", "candidate/back", "candidate/lyrics")),
    *(f"/downloads/{{id}}/cover/{one}" for one in ("choose", "link")),
    "/library/edit",
    "/library/changes/undo",
    "/library/tracks/{id}/edit",
    "/settings/rules",
    "/settings/rules/adding",
    "/settings/rules/{rule_id}",
    "/settings/naming",
    "/library/rename",
    "/settings/tell",
    "/settings/tell/{hook_id}",
    "/settings/cookies",
    "/settings/push",
    "/settings/push/renew",
}
"""Routes that read a form; they refuse other bodies before they look at anything."""
OPEN = {
    *(
        "/api/v1/health",
        "/static/{name}",
        "/setup",
        "/login",
        "/login/link",
        "/login/oidc",
        "/login/oidc/back",
    ),
    *("/manifest.webmanifest", "/sw.js", "/offline", "/add/now", "/share"),
}
EVERYBODYS = ("/library/", "/api/v1/library/")
"""The library is shared: another user may listen to it."""


@dataclass(frozen=True)
class Route:
    """A route as `create_app` has it, with one method."""

    template: str
    method: str
    public: bool
    submit: bool

    @property
    def is_api(self) -> bool:
        return self.template.startswith(("/api/", "/schema", "/metrics"))

    @property
    def names_something(self) -> bool:
        """Is there something of one user's in the address or in the body?"""
        private = "{" in self.template and not self.template.startswith((*EVERYBODYS, "/static", "/schema"))
        return private or self.template == "/api/v1/downloads/confirm"


@dataclass(frozen=True)
class World:
    inlay: Inlay
    url: str
    ids: dict[str, str]
    """What the templates' names stand for: all of it is Alice's."""
    track: str
    bob: str
    submit: str

    def ask(self, route: Route, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        path = re.sub(r"{(\w+)}", lambda found: self._name(route, found[1]), route.template)
        return httpx.request(
            route.method,
            self.inlay.url + path,
            headers=headers,
            timeout=20,
            verify=False,
            **self._body(route),
        )

    def _name(self, route: Route, name: str) -> str:
        return self.track if route.template.startswith(EVERYBODYS) else self.ids[name]

    def _body(self, route: Route) -> dict[str, Any]:
        if route.method != "POST":
            return {"json": {}} if route.method == "PATCH" else {}
        if route.template in FORMS:
            return {"data": {"url": "nothing", "title": "Mine now"}}
        if route.template == "/api/v1/downloads/url":
            return {"json": {"url": self.url}}
        if route.template.endswith("/move"):
            return {"json": {"to": "first"}}
        return {"json": {"id": self.ids["id"]}} if route.template == "/api/v1/downloads/confirm" else {}


@pytest.fixture(scope="module")
def world(site: MediaSite, inlay: Inlay) -> World:
    """Alice has a track in the library, a download in review, a browser and two tokens."""
    bob = inlay.add_user("bob")
    submit = inlay.command("token", "add", "--user", "bob", "--scope", "submit").stdout.strip()
    added = inlay.done(inlay.submit(short_track(site, "added"), skip_review=True))
    id = inlay.submit(short_track(site, "mine"))
    assert inlay.rest(id)["state"] == "review"
    sign_in(inlay)
    with inlay.api() as api:
        made = {"kind": "artist_is", "value": "Ida Holm", "site": "a.example", "channel": "Saltmarsh"}
        rule = api.put("/rules", json=made).json()["id"]
    ids = {
        "id": id,
        "token_id": "1",
        "session_id": "1",
        "rule_id": rule,
        "hook_id": "01a21ac3-b880-7315-9da2-6feb4974f7e4",
        "name": "look.css",
        "site": "127.0.0.1",
        "path": "openapi.json",
    }
    return World(inlay, f"{site.url}/gone", ids, added["tracks"][0]["library_track_id"], bob, submit)


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    folder = tmp_path_factory.mktemp("routes")
    app = create_app(make_services(folder), ProgressBoard(folder))
    found = []
    for route in app.routes:
        for method, (handler, _) in route.route_handler_map.items():  # type: ignore[union-attr]
            public, submit = (bool(handler.opt.get(name)) for name in ("public", "submit"))
            found.append(Route(route.path_format, str(method), public, submit))
    assert len(found) > 80, "the list of routes has been found"
    return [route for route in found if route.method != "OPTIONS"]


def sign_in(inlay: Inlay, name: str = "alice") -> httpx.Client:
    """A browser that has signed in."""
    client = httpx.Client(base_url=inlay.url, verify=False, timeout=20)
    answer = client.post("/login", data={"name": name, "password": PASSWORD}, headers={"Origin": inlay.url})
    assert answer.status_code == 303, answer.text
    return client


def told(route: Route, answer: httpx.Response) -> str:
    where = f" to {answer.headers['location']}" if "location" in answer.headers else ""
    return f"{route.method} {route.template}: {answer.status_code}{where}"


def test_only_what_is_meant_to_be_open_is_open(routes: list[Route]) -> None:
    assert {route.template for route in routes if route.public} == OPEN
    assert [route.template for route in routes if route.submit] == ["/api/v1/downloads/url"]


def test_nobody_gets_nothing(routes: list[Route], world: World) -> None:
    wrong = []
    for route in (route for route in routes if not route.public):
        answer = world.ask(route)
        if route.is_api:
            good = answer.status_code == 401 and "problem+json" in answer.headers["content-type"]
        else:
            good = answer.status_code == 303 and answer.headers["location"].startswith("/login")
        if not good or "alice" in answer.text or "set-cookie" in answer.headers:
            wrong.append(told(route, answer))
    assert not wrong


def test_an_unknown_token_is_nobody(routes: list[Route], world: World) -> None:
    for route in (route for route in routes if route.is_api and not route.public):
        answer = world.ask(route, "inlay_made_up")
        assert answer.status_code == 401, told(route, answer)


def test_another_user_finds_nothing_of_alices(routes: list[Route], world: World) -> None:
    wrong = []
    for route in (route for route in routes if route.names_something):
        answer = world.ask(route, world.bob)
        if answer.status_code != 404 or "Saltmarsh" in answer.text:
            wrong.append(told(route, answer))
    assert not wrong
    assert world.inlay.download(world.ids["id"])["state"] == "review"


def test_the_admin_is_another_user_too(world: World, site: MediaSite) -> None:
    with world.inlay.api(world.bob) as bobs, world.inlay.api() as alices:
        id = bobs.post("/downloads/url", json={"url": short_track(site, "bobs")}).json()["id"]
        assert id in {one["id"] for one in alices.get("/downloads?all=true").json()["items"]}
        problem(alices.post(f"/downloads/{id}/cancel"), 404, "not_found")
        problem(alices.get(f"/downloads/{id}/file"), 404, "not_found")


def test_a_submit_token_hands_in_links_and_nothing_else(routes: list[Route], world: World) -> None:
    wrong = []
    for route in (route for route in routes if not route.public):
        answer = world.ask(route, world.submit)
        if answer.status_code != (202 if route.submit else 403):
            wrong.append(told(route, answer))
    assert not wrong
    assert world.inlay.download(world.ids["id"])["state"] == "review"


def test_a_method_that_a_route_lacks_is_said_so(routes: list[Route], world: World) -> None:
    patched = {route.template for route in routes if route.method == "PATCH"}
    for template in {route.template: route for route in routes if route.template not in patched}.values():
        answer = world.ask(Route(template.template, "PATCH", False, False), world.inlay.token)
        assert answer.status_code == 405, told(template, answer)
        assert answer.headers["content-security-policy"]


def test_every_kind_of_answer_carries_the_security_headers(world: World) -> None:
    api, file = world.inlay.api(), f"/library/tracks/{world.track}/file"
    pages = httpx.Client(base_url=world.inlay.url, verify=False, headers=api.headers)
    answers = {
        "page": pages.get("/"),
        "fragment": pages.get("/inbox", headers={"HX-Request": "true"}),
        "login": httpx.get(f"{world.inlay.url}/login"),
        "redirect": httpx.get(f"{world.inlay.url}/library?q=a"),
        "error page": pages.get("/nowhere"),
        "refused form": pages.post("/downloads", data={"url": "nothing"}),
        "static": httpx.get(f"{world.inlay.url}/static/look.css"),
        "no such static": httpx.get(f"{world.inlay.url}/static/../app/cli.py"),
        "health": httpx.get(f"{world.inlay.url}/api/v1/health"),
        "json": api.get("/downloads"),
        "problem": api.get("/downloads/none"),
        "no such call": api.get("/nowhere"),
        "too large": api.post("/downloads/url", content=bytes(70_000)),
        "schema": pages.get("/schema/openapi.json"),
        "file": api.get(file),
        "part": api.get(file, headers={"Range": "bytes=0-9"}),
        "beyond": api.get(file, headers={"Range": "bytes=999999999-"}),
        "cover": api.get(f"/downloads/{world.ids['id']}/cover"),
        "options": api.options("/downloads"),
    }
    for kind, answer in answers.items():
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy, kind
        assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(
            policy.split("; ")
        )
        assert answer.headers["x-content-type-options"] == "nosniff", kind
        assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer"), kind
        assert answer.headers["cache-control"], kind
        assert "server" not in answer.headers, kind
        assert "set-cookie" not in answer.headers, kind
    assert [answers[kind].status_code for kind in ("part", "beyond", "redirect", "error page")] == [
        206,
        416,
        303,
        404,
    ]


def test_pages_have_no_inline_script_or_style_that_the_policy_would_stop(world: World) -> None:
    pages = httpx.Client(
        base_url=world.inlay.url, headers={"Authorization": f"Bearer {world.inlay.token}"}, timeout=20
    )
    review = f"/downloads/{world.ids['id']}/review"
    for path in ("/", "/add?url=http://a.example/", review, "/library", "/history", "/settings", "/nowhere"):
        html = pages.get(path).text
        assert "<title>" in html
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", html), path


def test_health_needs_no_login_and_tells_no_secret(inlay: Inlay) -> None:
    answer = httpx.get(f"{inlay.url}/api/v1/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version"}
    assert answer.json()["status"] == "ok"


def test_formats_are_those_of_the_contract(inlay: Inlay) -> None:
    with inlay.api() as api:
        told = api.get("/formats").json()
    assert [one["name"] for one in told["items"]] == "mp3 m4a opus ogg flac wav original".split()
    assert [one["name"] for one in told["items"] if one["lossless"]] == ["flac", "wav"]
    assert told["default"] == "mp3"


def test_a_browser_sees_and_ends_its_sessions(inlay: Inlay) -> None:
    here, there = sign_in(inlay), sign_in(inlay)
    with closing(here), closing(there), inlay.api() as api:
        (current,) = [one for one in there.get("/api/v1/sessions").json()["items"] if one["current"]]
        assert set(current) == {"id", "device", "current", "created_at", "seen_at", "expires_at"}
        problem(there.delete(f"/api/v1/sessions/{current['id']}"), 403, "form_token")
        assert api.delete(f"/sessions/{current['id']}").status_code == 204
        problem(there.get("/api/v1/sessions"), 401, "login_required")
        assert here.get("/api/v1/sessions").status_code == 200
        for gone in (current["id"], 10**30, "none"):
            assert api.delete(f"/sessions/{gone}").status_code == 404


def test_the_schema_lists_every_call_and_holds_together(routes: list[Route], world: World) -> None:
    with world.inlay.api() as api:
        schema = api.get(f"{world.inlay.url}/schema/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    calls = {
        (path, method.upper()): call
        for path, item in schema["paths"].items()
        for method, call in item.items()
    }
    wanted = {(route.template, route.method) for route in routes if route.template.startswith("/api/v1/")}
    assert wanted <= set(calls)
    names = [call["operationId"] for call in calls.values()]
    assert len(names) == len(set(names))
    for (path, _), call in calls.items():
        assert call["responses"]
        parameters = {one["name"] for one in call.get("parameters", []) if one["in"] == "path"}
        assert parameters == set(re.findall(r"{(\w+)", path))
    for reference in re.findall(r"'\$ref': '([^']+)'", str(schema)):
        found: Any = schema
        for part in Path(reference.removeprefix("#/")).parts:
            found = found[part]
