"""What the running server's answers carry and its document says; who may ask for what: `test_web_access`."""

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys import problem, short_track
from tests.media.site import MediaSite
from tests.route_table import Route, all_routes
from tests.running import PASSWORD, Inlay


@dataclass(frozen=True)
class World:
    inlay: Inlay
    id: str
    """Alice's download, in review."""
    track: str
    bob: str
    submit: str


@pytest.fixture(scope="module")
def world(site: MediaSite, inlay: Inlay) -> World:
    """Alice has a track in the library, a download in review, a browser and two tokens."""
    bob = inlay.add_user("bob")
    submit = inlay.command("token", "add", "--user", "bob", "--scope", "submit").stdout.strip()
    added = inlay.done(inlay.submit(short_track(site, "added"), skip_review=True))
    id = inlay.submit(short_track(site, "mine"))
    assert inlay.rest(id)["state"] == "review"
    return World(inlay, id, added["tracks"][0]["library_track_id"], bob, submit)


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    return all_routes(tmp_path_factory.mktemp("routes"))


def sign_in(inlay: Inlay, name: str = "alice") -> httpx.Client:
    """A browser that has signed in."""
    client = httpx.Client(base_url=inlay.url, verify=False, timeout=20)
    answer = client.post("/login", data={"name": name, "password": PASSWORD}, headers={"Origin": inlay.url})
    assert answer.status_code == 303, answer.text
    return client


def test_the_admin_is_another_user_too(world: World, site: MediaSite) -> None:
    with world.inlay.api(world.bob) as bobs, world.inlay.api() as alices:
        id = bobs.post("/downloads/url", json={"url": short_track(site, "bobs")}).json()["id"]
        assert id in {one["id"] for one in alices.get("/downloads?all=true").json()["items"]}
        problem(alices.post(f"/downloads/{id}/cancel"), 404, "not_found")
        problem(alices.get(f"/downloads/{id}/file"), 404, "not_found")


def test_a_submit_token_hands_in_links(world: World, site: MediaSite) -> None:
    with world.inlay.api(world.submit) as api:
        assert api.post("/downloads/url", json={"url": f"{site.url}/gone"}).status_code == 202
        problem(api.post("/downloads/confirm", json={"id": world.id}), 403, "scope")


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
        "cover": api.get(f"/downloads/{world.id}/cover"),
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
    review = f"/downloads/{world.id}/review"
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
    ours = [route for route in routes if route.template.startswith("/api/v1/")]
    wanted = {(route.template, method) for route in ours for method in route.takes - {"OPTIONS"}}
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
