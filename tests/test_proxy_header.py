"""Signed in by a reverse proxy's header: a trusted proxy's alone, one user at a time, our own guards stay."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.reverse_proxy import ReverseProxy
from tests.running import PASSWORD, Inlay

LEAVE = "https://auth.example/logout"


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    settings = {
        "trusted_proxies": "127.0.0.1",
        "auth_proxy_header": "Remote-User",
        "create_users": "yes",
        "sign_out_url": LEAVE,
        "host": "0.0.0.0",
    }
    with Inlay(tmp_path_factory.mktemp("header"), **settings) as running:
        running.add_user("admin", admin=True)
        yield running.start(command="web")


@pytest.fixture
def proxy(inlay: Inlay) -> Iterator[ReverseProxy]:
    with ReverseProxy(inlay.port, scheme="https", host="music.example") as running:
        yield running


def client(url: str, **more: str) -> httpx.Client:
    return httpx.Client(base_url=url, verify=False, timeout=30, headers=more)


def form_token(web: httpx.Client) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', web.get("/settings").text)
    assert found
    return found[1]


def test_whom_the_proxy_names_is_in_and_made_at_first_sight(inlay: Inlay, proxy: ReverseProxy) -> None:
    proxy.identity = "Zoe"
    with client(proxy.url) as web:
        settings = web.get("/settings")
        assert settings.status_code == 200
        assert "signed in by your reverse proxy" in settings.text
        assert "You have none here" in settings.text
        assert 'href="/settings/naming"' not in settings.text, "never an admin"
        assert "set-cookie" not in settings.headers, "the proxy says it with every request: nothing to keep"
        assert "https://music.example/add?url=" in settings.text.replace("&#34;", '"')
        proxy.identity = "zOE"
        assert web.get("/api/v1/sessions").status_code == 200, "the same user, whatever the case"
        proxy.identity = ""
        assert web.get("/settings").headers["location"].startswith("/login")
    listed = inlay.command("token", "add", "--user", "zoe")
    assert listed.returncode == 0


def test_nobody_else_names_anybody(inlay: Inlay) -> None:
    """Not a client beside the proxy, in whatever spelling, and not one that claims to be the proxy."""
    # 127.0.0.2 is on this machine too, but it is not the trusted proxy.
    transport = httpx.HTTPTransport(local_address="127.0.0.2", verify=False)
    spoofed = {"Remote-User": "admin", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=inlay.url, transport=transport, headers=spoofed) as web:
        assert web.get("/").headers["location"] == "/login"
        assert web.get("/api/v1/sessions").status_code == 401
        assert web.get("/api/v1/sessions", headers={"remote_user": "admin"}).status_code == 401
        answer = web.post(
            "/login", data={"name": "admin", "password": PASSWORD}, headers={"Origin": inlay.url}
        )
        assert "secure" not in answer.headers["set-cookie"].lower(), "it was no https that came here"
    assert "Remote-User from 127.0.0.2 was ignored" in inlay.log.read_text()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([("Remote-User", "admin"), ("Remote-User", "zoe")], "more than one user"),
        ([("Remote-User", "")], "names nobody"),
        ([("Remote-User", "ad,min")], "cannot be a name"),
    ],
)
def test_a_header_that_is_no_name_lets_nobody_in(
    inlay: Inlay, names: list[tuple[str, str]], said: str
) -> None:
    with client(inlay.url) as web:
        page = web.get("/", headers=names)
        assert page.status_code == 403
        assert said in page.text
        told = web.get("/api/v1/sessions", headers=names)
        assert (told.status_code, told.json()["code"]) == (403, "unknown_user")
        # A cookie does not help either, and a token is its own proof.
        assert web.get("/api/v1/health", headers=names).status_code == 200
        token = ("Authorization", f"Bearer {inlay.token}")
        assert web.get("/api/v1/sessions", headers=[*names, token]).status_code == 200


def test_forged_forms_are_refused_here_too(proxy: ReverseProxy) -> None:
    proxy.identity = "forger"
    own = {"Origin": "https://music.example"}
    with client(proxy.url) as web:
        token = form_token(web)
        data = {"conflict": "skip"}
        assert web.post("/settings/conflict", data=data, headers=own).status_code == 403
        for bad in ("https://evil.example", "http://music.example", "null"):
            headers = {"Origin": bad, "X-CSRF-Token": token}
            assert web.post("/settings/conflict", data=data, headers=headers).status_code == 403
        headers = {**own, "X-CSRF-Token": token}
        assert web.post("/settings/conflict", data=data, headers=headers).status_code == 303
        proxy.identity = "victim"
        assert web.post("/settings/conflict", data=data, headers=headers).status_code == 403


def test_another_identity_ends_the_session_that_was_there(inlay: Inlay, proxy: ReverseProxy) -> None:
    with client(proxy.url, Origin="https://music.example") as web:
        answer = web.post("/login", data={"name": "admin", "password": PASSWORD})
        cookie = answer.headers["set-cookie"].partition(";")[0]
        assert "secure" in answer.headers["set-cookie"].lower()
        proxy.identity = "admin"
        assert web.get("/api/v1/sessions", headers={"Cookie": cookie}).json()["items"][0]["current"]
        proxy.identity = "other"
        mixed = web.get("/settings", headers={"Cookie": cookie})
        assert mixed.status_code == 200
        assert 'as <span dir="auto">other</span>' in mixed.text
        assert "inlay_session=;" in mixed.headers["set-cookie"].replace('""', "")
        proxy.identity = ""
        assert web.get("/api/v1/sessions", headers={"Cookie": cookie}).status_code == 401


def test_signing_out_says_where(proxy: ReverseProxy) -> None:
    proxy.identity = "leaver"
    with client(proxy.url, Origin="https://music.example") as web:
        out = web.post("/logout", headers={"X-CSRF-Token": form_token(web)})
    assert out.status_code == 200
    assert "Your reverse proxy signs you in as" in out.text
    assert f'href="{LEAVE}"' in out.text


def test_passwords_are_counted_by_the_persons_own_address(proxy: ReverseProxy) -> None:
    wrong = {"name": "zoe", "password": "not the right one"}
    with client(proxy.url, Origin="https://music.example") as web:
        proxy.client = "203.0.113.9, 198.51.100.7"
        answers = [web.post("/login", data=wrong).status_code for _ in range(7)]
        assert 429 in answers
        proxy.client = "203.0.113.9, 198.51.100.8"
        assert web.post("/login", data=wrong | {"name": "somebody"}).status_code == 422


def test_only_known_users_and_the_first_one_at_the_setup_page(tmp_path: Path) -> None:
    settings = {"trusted_proxies": "127.0.0.1", "auth_proxy_header": "Remote-User"}
    with Inlay(tmp_path / "fresh", **settings) as fresh:
        fresh.start(command="web")
        with ReverseProxy(fresh.port) as proxy, client(proxy.url, Origin=proxy.url) as web:
            proxy.identity = "ida"
            assert web.get("/").headers["location"] == "/setup"
            assert 'value="ida"' in web.get("/setup").text
            made = web.post("/setup", data={"name": "somebody-else", "password": PASSWORD})
            assert made.status_code == 303
            assert 'href="/settings/naming"' in web.get("/settings").text, "an admin, as ida"
            proxy.identity = "stranger"
            refused = web.get("/")
            assert refused.status_code == 403
            assert "Inlay has no user of that name" in refused.text
