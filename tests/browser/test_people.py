"""Several people in one house: what is in somebody's inbox is theirs alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.driving import Browsing, Person, Troubles, card
from tests.media.audio import make
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser


def test_bob_sees_nothing_of_what_alice_is_doing(
    browse: Browsing, meet: Callable[[str], Person], site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected.append("404")
    alice, bob = meet("alice"), meet("bob")
    id = alice.inlay.submit(site.track("private", make("mp3", 2), title="Alice's Secret"))
    alice.inlay.rest(id)
    hers, his = browse(alice), browse(bob)
    expect(card(hers, "review")).to_contain_text("Alice's Secret")
    expect(his.locator("#inbox")).to_contain_text("Nothing is waiting.")
    for part in ("review", "card", "cover", "file", "path"):
        path = f"/downloads/{id}/{part}"
        assert hers.request.get(path).status == 200, part
        assert his.request.get(path).status == 404, part
    answer = his.goto(f"/downloads/{id}/review")
    assert answer is not None
    assert answer.status == 404
    expect(his.locator("main")).to_contain_text("There is no such download.")
    assert "Secret" not in his.content()
    his.goto("/history")
    expect(his.locator("main")).to_contain_text("Nothing was done yet.")
    hers.goto(f"/downloads/{id}/review")
    hers.locator("#finalize").tap()
    expect(card(hers, "done")).to_have_count(1)
    his.goto("/history")
    expect(his.locator("main")).to_contain_text("Nothing was done yet.")
    his.goto("/library?q=alice+secret")
    expect(his.locator("#tracks .name")).to_have_text(["Alice's Secret"])
