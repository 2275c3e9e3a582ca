"""What the pages weigh on the wire: a first visit, and what comes after it. Nothing of them jumps."""

import pytest

from tests.browser.driving import Browsing, Person
from tests.browser.vitals import Watched
from tests.media.audio import make, picture
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser

FIRST_BYTES, LATER_BYTES = 60_000, 15_000
MOST_CLS = 0.01


@pytest.fixture
def review(alice: Person, site: MediaSite) -> str:
    link = site.track("weight", make("mp3", 4), title="Ida Holm - Tin Roof Rain", thumbnail=picture(640, 640))
    id = alice.inlay.submit(link)
    alice.inlay.rest(id)
    return f"/downloads/{id}/review"


def test_a_first_visit_is_light_later_ones_are_lighter_and_nothing_jumps(
    browse: Browsing, alice: Person, review: str
) -> None:
    page = browse(alice, path=None)
    watched = Watched(page)
    found = {path: watched.open(path) for path in ("/", review, "/library", "/history", "/settings", "/add")}
    first, *later = found.items()
    assert 0 < first[1].loaded_bytes <= FIRST_BYTES
    assert not {path: one.loaded_bytes for path, one in later if one.loaded_bytes > LATER_BYTES}
    assert not {path: one.cls for path, one in found.items() if one.cls > MOST_CLS}
