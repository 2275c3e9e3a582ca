"""What is said when a site wants a sign-in, without cookies and in spite of them: real yt-dlp."""

from pathlib import Path

import pytest

from app.errors import FailureKind
from tests.cookies.people import VALUE, export, line
from tests.failing import Act, Failing, raises, says

ROTATED = (
    "The provided YouTube account cookies are no longer valid. They have likely been rotated in the browser "
    "as a security measure. For tips on how to effectively export YouTube cookies, refer to  a wiki ."
)
BOT = "Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies for the authentication"
AGE = "Sign in to confirm your age. This video may be inappropriate for some users."
MEMBERS = "Join this channel to get access to members-only content like this video, and other perks."
PRIVATE = "Private video. Sign in if you've been granted access to this video"
LOGIN = "This track needs a login. Use --cookies, --username and --password to provide account credentials"
REJECTED = "does not accept your cookies"
PERMANENT, TEMPORARY, NEEDS_YOU = FailureKind.PERMANENT, FailureKind.TEMPORARY, FailureKind.NEEDS_YOU


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(tmp_path, monkeypatch)


def after_a_warning(text: str) -> Act:
    def act(extractor: object) -> object:
        extractor.report_warning(ROTATED)  # type: ignore[attr-defined]
        return says(text)(extractor)  # type: ignore[arg-type]

    return act


@pytest.mark.parametrize(
    ("act", "without", "with_cookies", "kind"),
    [
        (says(LOGIN), "wants a sign-in", REJECTED, NEEDS_YOU),
        (says(BOT), "whether you are a robot.", "a robot, your cookies or not", TEMPORARY),
        (says(AGE), "know your age", "does not know the age of your cookies", NEEDS_YOU),
        (says(MEMBERS), "for members", "account of your cookies may not", NEEDS_YOU),
        (says(PRIVATE), "is private. Ask", "private, also for the account", PERMANENT),
        (after_a_warning(BOT), "whether you are a robot.", REJECTED, NEEDS_YOU),
        (after_a_warning(PRIVATE), "is private. Ask", REJECTED, NEEDS_YOU),
    ],
)
def test_a_site_that_wants_a_sign_in(
    act: Act, without: str, with_cookies: str, kind: FailureKind, failing: Failing
) -> None:
    failure = failing.fail(act)
    assert without in failure.message
    assert (failure.wants_cookies, failure.cookies_rejected) == (True, False)
    pauses = failure.pauses_site
    failing.cookies = export(line())
    failure = failing.fail(act)
    assert with_cookies in failure.message
    assert (failure.kind, failure.pauses_site) == (kind, pauses)
    assert (failure.wants_cookies, failure.cookies_rejected) == (True, with_cookies == REJECTED)
    assert not (failing.folder / "cookies.txt").exists()


def test_other_trouble_is_the_same_with_cookies(failing: Failing) -> None:
    failing.cookies = export(line())
    failure = failing.fail(says("Video unavailable. This video has been removed by the uploader"))
    assert (failure.kind, failure.wants_cookies) == (PERMANENT, False)
    assert {"cookies": "rejected"} not in failing.events


def test_dead_cookies_are_reported_whatever_else_happens(failing: Failing) -> None:
    failing.cookies = export(line())
    failing.fail(after_a_warning("Video unavailable. This video has been removed by the uploader"))
    assert {"cookies": "rejected"} in failing.events


def test_neither_a_sentence_nor_the_log_repeats_a_value(failing: Failing) -> None:
    failing.cookies = export(line())
    assert VALUE not in failing.fail(says(f"Its server has no {VALUE} today")).message
    failing.fail(raises(lambda: KeyError(VALUE)))
    assert VALUE not in repr(failing.events)
    assert "KeyError" in repr(failing.events)
