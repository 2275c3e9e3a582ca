"""Strangers' words in yt-dlp's text decide nothing, and secrets in it are never shown."""

from pathlib import Path
from typing import Any

import pytest

from app.errors import FailureKind
from app.sources.notes import MAX_RETRY_AFTER_S, retry_after_s
from tests.failing import Failing, answer, no_formats, raises, says

HOSTILE = (
    "Premium DRM", "private video", "log in", "not a bot", "members only", "rate-limited",
    "removed", "unavailable", "premieres in 3 hours", "subscribers only", "HTTP Error 429", "ffmpeg",
)  # fmt: skip


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(tmp_path, monkeypatch)


@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_a_title_an_address_or_a_server_do_not_decide(words: str, failing: Failing) -> None:
    slug = words.replace(" ", "-")

    def page(extractor: Any) -> Any:
        """The id comes from the address, the reason from the server."""
        from yt_dlp.utils import ExtractorError

        error = answer(503, words)
        raise ExtractorError(f"Unable to download webpage: {error}", cause=error, video_id=words)

    acts = {
        "id and reason": (page, "problem of its own"),
        "quoted": (says(f"Track '{words}' does not exist"), "not there"),
        "double quoted": (says(f'The album "{words}" does not exist'), "not there"),
        "address": (says(f"Nothing on https://a.invalid/{slug}?q={slug} and it does not exist"), "not there"),
        "warning": (no_formats(f"Skipping https://a.invalid/{slug}", f"Skipping '{words}'"), "no audio"),
        "crash": (raises(lambda: TypeError(words)), "does not understand this page"),
    }
    for name, (act, expected) in acts.items():
        failure = failing.fail(act)
        assert expected in failure.message, name
        assert not failure.pauses_site, name


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Frobnication is over", "Frobnication is over"),
        ("First. And then more", "First"),
        ("One line\nand two", "One line"),
        ("\x1b[31mRed\x1b[0m \x07bell\u202e\u200b", "Red bell"),
        ("Bad https://u:pw@a.invalid/x?token=abc one", "Bad … one"),
        ("At /srv/inlay/staging/x.part now", "At … now"),
        ("Via d1:s3cret@127.0.0.1:81 it broke", "Via … it broke"),
        ("Key " + "aB3" * 20 + " is bad", "Key … is bad"),
        ("", "no reason was given"),
    ],
)  # fmt: skip
def test_an_unknown_error_is_told_in_its_own_words_without_secrets(
    said: str, expected: str, failing: Failing
) -> None:
    assert failing.fail(says(said)).message == f"This could not be fetched: {expected}. Try another link."


def test_an_unknown_error_is_permanent_short_and_points_at_yt_dlp(failing: Failing) -> None:
    failure = failing.fail(says("Frobnication " * 40, expected=False))
    assert failure.kind is FailureKind.PERMANENT
    assert len(failure.message) <= 200
    assert failure.message.endswith("… A newer yt-dlp may help.")


DATE = "Fri, 27 Nov 2026 02:00:00 GMT"


@pytest.mark.parametrize(
    ("told", "date", "expected"),
    [
        ("120", None, 120),
        (" 0 ", None, 0),
        ("999999999", None, MAX_RETRY_AFTER_S),
        ("Fri, 27 Nov 2026 02:00:30 GMT", DATE, 30),
        ("Fri, 27 Nov 2026 01:00:00 GMT", DATE, 0),
        ("Fri, 27 Nov 2099 01:00:00 GMT", DATE, MAX_RETRY_AFTER_S),
        ("Fri, 27 Nov 1999 01:00:00 GMT", None, 0),
        ("Fri, 27 Nov 1999 01:00:00 -0000", "soon", 0),
        ("-5", None, None),
        ("1.5", None, None),
        ("٣", None, None),
        ("9" * 400, None, None),
        ("soon", DATE, None),
        ("Fri, 99 Nov 2026 01:00:00 GMT", DATE, None),
        ("Fri, 27 Nov 9999999999 01:00:00 GMT", DATE, None),
        ("", DATE, None),
        (None, None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_nonsense(
    told: str | None, date: str | None, expected: int | None
) -> None:
    assert retry_after_s(told, date) == expected


@pytest.mark.parametrize(
    ("status", "header", "kind", "pauses"),
    [(429, "30", "temporary", True), (503, "30", "temporary", False), (403, "30", "temporary", True)],
)
def test_a_refusal_hands_its_retry_after_on(
    status: int, header: str, kind: str, pauses: bool, failing: Failing
) -> None:
    failure = failing.fail(raises(lambda: answer(status, Retry_After=header)))
    assert (failure.kind, failure.retry_after_s, failure.pauses_site) == (kind, 30, pauses)
