"""Strangers write titles: whatever they write is text, everywhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import Browsing, Person, card
from tests.media.audio import make
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.hurt=1</script>",
    "<img src=x onerror=window.hurt=1>",
    '"><svg onload=window.hurt=1>',
    "' autofocus onfocus=window.hurt=1 x='",
    '" autofocus onfocus=alert(1) x="',
    "</title><script>alert(1)</script>",
    "</textarea><iframe src=javascript:top.hurt=1>",
    "{{7*7}}{% include 'x' %}${7*7}",
    "<a href=javascript:window.hurt=1>press me</a>",
    '<div hx-get=/settings hx-trigger=load hx-on:load="window.hurt=1">',
    "<!--><base href=//example.org/><style>*{display:none}</style>",
    "&lt;script&gt;window.hurt=1&lt;/script&gt;\u202e\u0000<details open ontoggle=window.hurt=1>",
)
OURS = "#filters, #changes, #more, #cover-bench, #candidates details, svg[data-bars]"
STRANGERS = (
    "main :is(script, iframe, style, base, object, [onerror], [onload], [onfocus],"
    f" :is(svg, details):not({OURS}))"
)


def harmless(page: Page) -> bool:
    page.wait_for_timeout(150)
    return page.evaluate("window.hurt") is None and page.locator(STRANGERS).count() == 0


def shows(page: Page, selector: str, texts: list[str]) -> bool:
    """Each text is there, letter by letter, apart from how spaces collapse."""
    shown = [" ".join(one.split()) for one in page.locator(selector).all_text_contents()]
    return all(" ".join(text.split()) in shown for text in texts)


def test_hostile_titles_are_text_on_every_page(browse: Browsing, alice: Person, site: MediaSite) -> None:
    inlay = alice.inlay
    ids = []
    for number, title in enumerate(HOSTILE):
        link = site.track(f"evil-{number}", make("mp3", 1), title=title, uploader=title, artist=title)
        ids.append(inlay.submit(link))
    found = [inlay.rest(id, 60) for id in ids]
    assert {one["state"] for one in found} == {"review"}
    titles = [one["proposal"]["title"]["value"] for one in found]
    assert sum("<" in title for title in titles) >= 6

    page = browse(alice)
    expect(card(page, "review")).to_have_count(len(HOSTILE))
    assert shows(page, ".card .name", titles)
    assert harmless(page)
    for id, title, whole in zip(ids, titles, HOSTILE, strict=True):
        page.goto(f"/downloads/{id}/review")
        expect(page.locator("[name=title]")).to_have_value(title)
        assert title.split()[0] in page.title()
        assert harmless(page)
        inlay.confirm(id, title=whole, artist=whole)
    for id in ids:
        inlay.done(id, 60)
    for path in ("/", "/library", "/history"):
        page.goto(path)
        assert harmless(page)
        # The last one has characters that no tag may have.
        assert path == "/" or shows(page, ".name", list(HOSTILE[:-1]))


def test_hostile_link_is_text_in_the_box(browse: Browsing, alice: Person) -> None:
    page = browse(alice, f"/add?url={HOSTILE[2]}&title={HOSTILE[1]}".replace("#", "%23"))
    expect(page.locator("#submit-url")).to_have_value(HOSTILE[2])
    expect(page.locator("#submit")).to_contain_text(HOSTILE[1])
    assert harmless(page)
