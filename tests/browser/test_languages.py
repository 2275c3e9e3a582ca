"""In German and Spanish, whose words are longer: all fits a small phone, and nothing is left in English."""

import pytest
from playwright.sync_api import Page, expect

from app.languages.catalogue import catalogue
from tests.browser.driving import SMALL_PHONE, Browsing, Person, card, join
from tests.browser.looking import layout_problems
from tests.languages.test_catalogues import entries
from tests.media.audio import make, picture
from tests.media.faults import Status
from tests.media.site import MediaSite
from tests.running import Inlay

pytestmark = pytest.mark.browser

PAGES = (
    *("/", "/library", "/library/trash", "/history", "/activity", "/settings", "/settings/rules"),
    *("/settings/phone", "/settings/tell", "/settings/cookies", "/add", "/offline", "/nothing/here"),
)
READ = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode())
    if (!walk.currentNode.parentElement.closest("script, option[lang], .name[dir]"))
      found.push(walk.currentNode.data);
  for (const name of ["aria-label", "placeholder", "alt", "title"])
    for (const it of document.querySelectorAll(`[${name}]`)) found.push(it.getAttribute(name));
  return [document.title.replace(" · Inlay", ""), ...found.map((text) => text.trim().replace(/\\s+/g, " "))];
}"""


@pytest.fixture(scope="module")
def tenant(inlay: Inlay, site: MediaSite) -> Person:
    """Somebody with a track in review, one that failed, and one in the library."""
    person = join(inlay, "tenant")
    for name in ("added", "waiting"):
        link = site.track(
            f"tenant-{name}", make("mp3", 4), title="Kiln", uploader="Ida", thumbnail=picture(640, 360)
        )
        id = person.inlay.rest(person.inlay.submit(link))["id"]
        if name == "added":
            person.inlay.confirm(id)
            person.inlay.done(id)
    person.inlay.rest(person.inlay.submit(site.track("tenant-gone", page_faults=[Status(404)])))
    return person


def problems(page: Page, language: str) -> list[str]:
    assert page.evaluate("document.documentElement.lang") == language
    english = {text for text in entries("en.pot") if catalogue(language).gettext(text) != text}
    left = [f"English: {text}" for text in page.evaluate(READ) if text in english]
    return [f"{page.url}: {one}" for one in layout_problems(page) + left]


@pytest.mark.parametrize("language", ["de", "es"])
def test_pages_fit_and_have_no_english_left(browse: Browsing, tenant: Person, language: str) -> None:
    browse.troubles.expected.append("404")
    page = browse(tenant, **SMALL_PHONE, locale=language)
    expect(card(page, "review")).to_have_count(1)
    found = []
    for path in PAGES:
        page.goto(path)
        found += problems(page, language)
    page.goto("/")
    card(page, "review").locator("a.button.primary").click()
    expect(page.locator("#review")).to_be_visible()
    for summary in ("#cover-summary", "#more > summary", "#changes > summary"):
        page.locator(summary).click()
    found += problems(page, language)
    page.goto("/library")
    page.locator("a.to").first.click()
    expect(page.locator("#track")).to_be_visible()
    found += problems(page, language)
    page.locator("#edit-track").click()
    expect(page.locator("#edit")).to_be_visible()
    found += problems(page, language)
    page = browse(path="/login", **SMALL_PHONE, locale=language)
    found += problems(page, language)
    assert not found, "\n".join(found)
