"""Signing in at an OpenID provider in a real browser, under a sub-path and behind a proxy."""

from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.driving import Browsing, Troubles
from tests.oidc_provider import CLIENT, SECRET, OidcProvider
from tests.reverse_proxy import ReverseProxy
from tests.running import Inlay


def test_one_presses_the_button_agrees_there_and_is_in(
    browser: Browser, troubles: Troubles, tmp_path: Path
) -> None:
    with ExitStack() as open_ones:
        provider = open_ones.enter_context(OidcProvider(asks=True))
        settings = {
            "base_path": "/inlay",
            "trusted_proxies": "127.0.0.1",
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_name": "Our House",
            "create_users": "yes",
        }
        inlay = open_ones.enter_context(Inlay(tmp_path / "inlay", **settings))
        inlay.add_user("admin", admin=True)
        inlay.start(command="web")
        proxy = open_ones.enter_context(ReverseProxy(inlay.port, prefix="/inlay", strips=True))
        # What every browser asks for when a page, here the provider's, has no icon.
        troubles.expected.append("404")
        page = Browsing(browser, inlay, troubles, open_ones)(path=f"{proxy.url}/inlay/library?q=x")
        page.tap("text=Sign in with Our House")
        page.tap("text=Go on as Ida")
        expect(page).to_have_url(f"{proxy.url}/inlay/library?q=x")
        # Boosted links, scripts and styles work there as well.
        page.tap("nav >> text=More")
        expect(page.locator("#sign-in")).to_contain_text("connected since")
        expect(page).to_have_url(f"{proxy.url}/inlay/settings")
        page.tap("#devices form:has-text('this device') button")
        expect(page.locator("#login")).to_be_visible()
        expect(page).to_have_url(f"{proxy.url}/inlay/login")
        assert [path for path in proxy.outside if path != "/favicon.ico"] == []
