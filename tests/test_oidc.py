"""Signing in at an OpenID provider, behind a proxy and under a sub-path: a real provider, and a lying one."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.accounts.flows import Flows
from tests.oidc_provider import CLIENT, SECRET, OidcProvider, unsigned
from tests.reverse_proxy import ReverseProxy
from tests.running import PASSWORD, Inlay

BASE = "/inlay"


@dataclass
class World:
    inlay: Inlay
    provider: OidcProvider
    proxy: ReverseProxy

    def browser(self) -> httpx.Client:
        headers = {"Origin": self.proxy.url}
        return httpx.Client(base_url=self.proxy.url, verify=False, timeout=30, headers=headers)

    def users(self) -> dict[str, list[object]]:
        """Password hash and whether they are an admin, by name."""
        with closing(sqlite3.connect(self.inlay.data / "inlay.db")) as db:
            return {
                name: more for name, *more in db.execute("SELECT name, password_hash, is_admin FROM users")
            }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with OidcProvider() as provider:
        settings = {
            "base_path": BASE,
            "trusted_proxies": "127.0.0.1",
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_name": "Our House",
            "create_users": "yes",
        }
        with Inlay(tmp_path_factory.mktemp("oidc"), **settings) as inlay:
            inlay.add_user("admin", admin=True)
            inlay.start(command="web")
            with ReverseProxy(inlay.port, prefix=BASE) as proxy:
                yield World(inlay, provider, proxy)


@pytest.fixture
def world(running: World) -> World:
    running.provider.be_good()
    return running


def leave(web: httpx.Client, path: str = f"{BASE}/login/oidc") -> str:
    """The address at the provider that the browser is sent to."""
    away = web.get(path)
    assert away.status_code == 303, away.text
    return away.headers["location"]


def come_back(web: httpx.Client, there: str) -> httpx.Response:
    """Through the provider, and what Inlay says then."""
    return web.get(httpx.get(there, verify=False).headers["location"])


def is_signed_in(web: httpx.Client) -> bool:
    return web.get(f"{BASE}/api/v1/sessions").status_code == 200


def test_one_signs_in_there_and_lands_where_one_wanted_to_go(world: World) -> None:
    with world.browser() as web:
        login = web.get(f"{BASE}/library?q=x", follow_redirects=True).text
        assert "Sign in with" in login
        link = re.search(r'id="login-oidc" href="([^"]+)"', login)
        assert link
        there = leave(web, link[1])
        asked = parse_qs(urlsplit(there).query)
        assert asked["redirect_uri"] == [f"{world.proxy.url}{BASE}/login/oidc/back"]
        back = come_back(web, there)
        assert (back.status_code, back.headers["location"]) == (303, f"{BASE}/library?q=x")
        cookies = back.headers["set-cookie"].lower()
        assert "path=/inlay;" in cookies
        assert "httponly" in cookies
        assert is_signed_in(web)
        assert "You have none here" in web.get(f"{BASE}/settings").text
    assert world.users()["ida"] == ["", 0], "no password, and never an admin"
    # The same person again, by another name: one user.
    world.provider.person = {"sub": "1", "preferred_username": "ida-married"}
    with world.browser() as web:
        come_back(web, leave(web))
        assert is_signed_in(web)
    assert "ida-married" not in world.users()
    with world.browser() as web:
        empty = web.post(f"{BASE}/login", data={"name": "ida", "password": ""})
        assert empty.status_code == 422, "who has no password cannot sign in with none"


def test_keys_that_change_are_fetched_again(world: World) -> None:
    world.provider.rotate()
    asked = world.provider.jwks_asked
    with world.browser() as web:
        assert come_back(web, leave(web)).status_code == 303
        assert is_signed_in(web)
    with world.browser() as web:
        come_back(web, leave(web))
    assert world.provider.jwks_asked == asked + 1, "once, not with every sign-in"


def test_a_name_that_is_told_on_request_only_is_asked_for(world: World) -> None:
    world.provider.names_in_userinfo = True
    world.provider.person = {"sub": "77", "preferred_username": "quiet"}
    with world.browser() as web:
        come_back(web, leave(web))
        assert is_signed_in(web)
    assert "quiet" in world.users()


LIES: dict[str, Callable[[OidcProvider], Any]] = {
    "the nonce of another sign-in": lambda it: setattr(it, "lie", lambda c: c | {"nonce": "another"}),
    "no nonce": lambda it: setattr(it, "lie", lambda c: {k: v for k, v in c.items() if k != "nonce"}),
    "for another program": lambda it: setattr(it, "lie", lambda c: c | {"aud": "another"}),
    "for others as well": lambda it: setattr(it, "lie", lambda c: c | {"aud": [CLIENT, "another"]}),
    "made for another": lambda it: setattr(it, "lie", lambda c: c | {"azp": "another"}),
    "of another issuer": lambda it: setattr(it, "lie", lambda c: c | {"iss": "http://evil.example"}),
    "too old": lambda it: setattr(it, "lie", lambda c: c | {"exp": c["iat"] - 3600}),
    "for ever": lambda it: setattr(it, "lie", lambda c: {k: v for k, v in c.items() if k != "exp"}),
    "about nobody": lambda it: setattr(it, "lie", lambda c: c | {"sub": ""}),
    "about a list": lambda it: setattr(it, "lie", lambda c: c | {"sub": ["1"]}),
    "not signed": lambda it: setattr(it, "sign", unsigned),
    "signed with the public key": lambda it: setattr(it, "sign", it.sign_with_public_key),
    "signed by somebody else": lambda it: setattr(it, "sign", OidcProvider().sign_alone),
    "no token at all": lambda it: setattr(it, "sign", lambda _: ""),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_signs_nobody_in(world: World, lie: str) -> None:
    LIES[lie](world.provider)
    with world.browser() as web:
        back = come_back(web, leave(web))
        assert back.status_code == 403
        assert "nobody was signed in" in back.text
        assert 'id="login"' in back.text, "the password form is there as ever"
        assert not is_signed_in(web)


def test_a_way_back_is_good_once_and_for_one_browser(world: World) -> None:
    with world.browser() as victim, world.browser() as attacker:
        # The attacker's own way back, in the victim's browser: nobody is made to work in another's account.
        way_back = httpx.get(leave(attacker), verify=False).headers["location"]
        refused = victim.get(way_back)
        assert (refused.status_code, is_signed_in(victim)) == (422, False)
        assert "begun in another browser" in refused.text
        leave(victim)
        assert victim.get(way_back).status_code == 422
        # The attacker's code with the victim's own state: the provider sees that it is not theirs,
        assert stolen(world, attacker, victim).status_code == 403
        # and if it does not look, the nonce tells.
        world.provider.checks_pkce = False
        assert stolen(world, attacker, victim).status_code == 403
        assert not is_signed_in(victim)
        # The right one works, and once.
        assert attacker.get(way_back).status_code == 303
        attacker.post(f"{BASE}/logout")
    with world.browser() as web:
        way_back = httpx.get(leave(web), verify=False).headers["location"]
        assert web.get(way_back).status_code == 303
        web.cookies.delete("inlay_session")
        assert web.get(way_back).status_code == 422, "replayed"
        forged = httpx.URL(way_back).copy_merge_params({"state": "made-up"})
        assert web.get(forged).status_code == 422


def stolen(world: World, attacker: httpx.Client, victim: httpx.Client) -> httpx.Response:
    code = httpx.URL(httpx.get(leave(attacker), verify=False).headers["location"]).params["code"]
    own = httpx.URL(leave(victim)).params
    return victim.get(own["redirect_uri"], params={"code": code, "state": own["state"]})


def test_a_no_from_there_is_said(world: World) -> None:
    world.provider.says = "access_denied"
    with world.browser() as web:
        back = come_back(web, leave(web))
        assert back.status_code == 403
        assert "Our House did not sign you in (access_denied)" in back.text
        world.provider.says = "<script>alert(1)</script>"
        assert "script>alert" not in come_back(web, leave(web)).text
    with world.browser() as web:
        there = httpx.URL(leave(web)).params
        mixed_up = {"code": "x", "state": there["state"], "iss": "https://evil.example"}
        assert "another provider" in web.get(there["redirect_uri"], params=mixed_up).text


def test_one_never_ends_on_somebody_elses_page(world: World) -> None:
    with world.browser() as web:
        back = come_back(web, leave(web, f"{BASE}/login/oidc?next=//evil.example/x"))
        assert back.headers["location"] == f"{BASE}/"


def test_a_name_that_is_taken_is_not_taken_over_but_connected_by_its_user(world: World) -> None:
    world.provider.person = {"sub": "99", "preferred_username": "Admin", "email": "admin@example.org"}
    with world.browser() as web:
        back = come_back(web, leave(web))
        assert back.status_code == 403
        assert "There is already a user called Admin here" in back.text
        assert not is_signed_in(web)

        web.post(f"{BASE}/login", data={"name": "admin", "password": PASSWORD})
        token = re.search(r'name="csrf_token" value="(\w+)"', web.get(f"{BASE}/settings").text)
        assert token
        ours = {"X-CSRF-Token": token[1]}
        assert web.post(f"{BASE}/settings/oidc/connect").status_code == 403
        offered = web.post(f"{BASE}/settings/oidc/connect", headers=ours).text
        there = re.search(r'id="there" href="([^"]+)"', offered)
        assert there
        way = there[1].replace("&amp;", "&")
        # Whoever was led here while signed in as another connects nothing.
        assert come_back(web, way).headers["location"] == f"{BASE}/settings#sign-in"
        assert "connected since" in web.get(f"{BASE}/settings").text
    with world.browser() as web:
        come_back(web, leave(web))
        assert "/settings/naming" in web.get(f"{BASE}/settings").text, "it is the admin"
        token = re.search(r'name="csrf_token" value="(\w+)"', web.get(f"{BASE}/settings").text)
        assert token
        ours = {"X-CSRF-Token": token[1]}
        assert web.post(f"{BASE}/settings/oidc/disconnect", headers=ours).status_code == 303
    with world.browser() as web:
        assert come_back(web, leave(web)).status_code == 403


def test_who_has_no_password_stays_connected(world: World) -> None:
    with world.browser() as web:
        come_back(web, leave(web))
        token = re.search(r'name="csrf_token" value="(\w+)"', web.get(f"{BASE}/settings").text)
        assert token
        refused = web.post(f"{BASE}/settings/oidc/disconnect", headers={"X-CSRF-Token": token[1]})
        assert refused.status_code == 409
        assert "no password here" in refused.text
        assert is_signed_in(web)


def test_secrets_codes_and_tokens_stay_out_of_the_log(world: World) -> None:
    log = world.inlay.log.read_text()
    assert world.provider.issuer in log, "that something went wrong is in it"
    for secret in (SECRET, "eyJ", "code=", *world.provider.tokens):
        assert secret not in log


def test_a_flow_is_forgotten_after_ten_minutes() -> None:
    moment = 0.0
    flows = Flows(lambda: moment)
    flow = flows.begin("cookie", "http://x/back", "/", None)
    moment = 601.0
    assert flows.take(flow.state, "cookie") is None


def test_only_connected_users_by_default_and_a_provider_that_is_away(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with OidcProvider() as provider:
        settings = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        with Inlay(tmp_path_factory.mktemp("known"), **settings) as inlay:
            inlay.start(command="web")
            with httpx.Client(base_url=inlay.url, verify=False, timeout=30) as web:
                assert web.get("/login/oidc").headers["location"] == "/setup", "the first one is made there"
                first = {"name": "root", "password": PASSWORD}
                web.post("/setup", data=first, headers={"Origin": inlay.url})
                web.cookies.clear()
                back = web.get(httpx.get(leave(web, "/login/oidc"), verify=False).headers["location"])
                assert back.status_code == 403
                assert "OpenID knows you as ida, but no user here is connected" in back.text
                way_back = httpx.get(leave(web, "/login/oidc"), verify=False).headers["location"]
                provider.__exit__()
                away = web.get(way_back)
                assert away.status_code == 503
                assert "OpenID cannot be reached just now" in away.text
