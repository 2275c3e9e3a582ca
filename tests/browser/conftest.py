"""One browser, one Inlay and one media site per test process; every test has people of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest
from playwright.sync_api import Browser

from tests.browser.driving import CHROMIUM, Browsing, Person, Troubles, chromium, join
from tests.media.site import MediaSite
from tests.running import Inlay

ENDED = ("done", "cancelled", "discarded", "skipped")
_numbers = count(1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("There is no chromium here: install it to run the browser tests.")
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def site() -> Iterator[MediaSite]:
    with MediaSite() as running:
        yield running


@pytest.fixture(scope="session")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with Inlay(tmp_path_factory.mktemp("inlay"), per_site="8", workers="8", undo_s="600") as running:
        running.add_user("admin", admin=True)
        yield running.start()


@pytest.fixture
def meet(inlay: Inlay) -> Iterator[Callable[[str], Person]]:
    """Makes a new person of that name; what they left unfinished is cleared away afterwards."""
    met: list[Person] = []

    def one(name: str) -> Person:
        met.append(join(inlay, f"{name}{next(_numbers)}"))
        return met[-1]

    yield one
    for person in met:
        with person.inlay.api() as api:
            for download in api.get("/downloads").json()["items"]:
                if download["state"] not in ENDED:
                    verb = "discard" if download["state"] in ("review", "failed") else "cancel"
                    api.post(f"/downloads/{download['id']}/{verb}")


@pytest.fixture
def alice(meet: Callable[[str], Person]) -> Person:
    return meet("alice")


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    """Nothing may go wrong in any page of a test but what the test adds to `expected`."""
    noted = Troubles()
    yield noted
    assert noted.seen == []


@pytest.fixture
def browse(browser: Browser, inlay: Inlay, troubles: Troubles) -> Iterator[Browsing]:
    with ExitStack() as open_ones:
        yield Browsing(browser, inlay, troubles, open_ones)
