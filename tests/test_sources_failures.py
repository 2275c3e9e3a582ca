"""What extractors say, as a kind and a sentence: real yt-dlp, and one extractor that says it."""

import re
from pathlib import Path
from typing import Any

import pytest
from yt_dlp.utils import GeoRestrictedError, UserNotLive

from app.errors import FailureKind
from app.sources import failure_rules, failures, runner
from app.sources.notes import Notes
from tests.failing import Act, Failing, answer, no_formats, raises, says

PERMANENT, TEMPORARY, NEEDS_YOU = FailureKind.PERMANENT, FailureKind.TEMPORARY, FailureKind.NEEDS_YOU
PAUSED = "temporary, site paused"


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(tmp_path, monkeypatch)


def login(extractor: Any) -> Any:
    extractor.raise_login_required()


def login_saying(text: str) -> Act:
    def act(extractor: Any) -> Any:
        extractor.raise_login_required(text)

    return act


def drm(extractor: Any) -> Any:
    extractor.report_drm("1")


def geo(extractor: Any) -> Any:
    raise GeoRestrictedError("The uploader has not made this video available in your country", ["NO", "SE"])


def geo_plain(extractor: Any) -> Any:
    extractor.raise_geo_restricted()


def not_live(extractor: Any) -> Any:
    raise UserNotLive(video_id="ida")


def nothing_but_a_title(extractor: Any) -> Any:
    return {"id": "1", "title": "Saltmarsh", "formats": []}


def says_over(text: str, status: int, **headers: str) -> Act:
    """An extractor's own words over a refused request."""

    def act(extractor: Any) -> Any:
        try:
            raise answer(status, **headers)
        except Exception:
            says(text)(extractor)

    return act


RATE = (
    "Video unavailable. This content isn't available, try again later. The current session has been "
    "rate-limited by YouTube for up to an hour. It is recommended to use `-t sleep` to add a delay"
)
BOT = "Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies for the authentication"
AGE = "Sign in to confirm your age. This video may be inappropriate for some users. Use --cookies"
CLOUDFLARE = "Got HTTP Error 403 caused by Cloudflare anti-bot challenge; try again with  --extractor-args"
TARGET = (
    "The extractor is attempting impersonation, but no impersonate target is available. See  https://g.co"
)

SAYINGS: dict[str, tuple[Act, str, str]] = {
    # Enough of us.
    "youtube: bot check": (says(BOT), PAUSED, "robot"),
    "youtube: captcha": (says("YouTube is requiring a captcha challenge"), PAUSED, "robot"),
    "cloudflare": (says_over(CLOUDFLARE, 403), PAUSED, "robot"),
    "bandcamp: challenge": (
        says("Got client challenge webpage response with chrome", expected=False),
        PAUSED,
        "robot",
    ),
    "tiktok: challenge": (says("Unable to solve JS challenge", expected=False), PAUSED, "robot"),
    "youtube: session": (says(RATE), PAUSED, "pause"),
    "youtube: blocked": (
        says("All player responses are invalid. Your IP is likely being blocked by Youtube"),
        PAUSED,
        "pause",
    ),
    "429 only in a warning": (
        no_formats("Unable to download API page: HTTP Error 429: Too Many Requests"),
        PAUSED,
        "pause",
    ),
    "bot check only in a warning": (no_formats(BOT), PAUSED, "robot"),
    "soundcloud: 429 as it is": (raises(lambda: answer(429, "Slow down")), PAUSED, "pause"),
    "words over a 429": (says_over("Could not do it", 429), PAUSED, "pause"),
    "mixcloud: play limit": (says("You have reached your play limit for this track"), TEMPORARY, "often"),
    # For some only.
    "youtube: age": (says(AGE), NEEDS_YOU, "your age"),
    "youtube: members": (
        says("Join this channel to get access to members-only content like this video"),
        NEEDS_YOU,
        "members",
    ),
    "premium": (login_saying("This video is for premium members only"), NEEDS_YOU, "members"),
    "cda": (says("Video requires CDA Premium - subscription needed"), NEEDS_YOU, "members"),
    "vip": (says("The song is only for VIP accounts."), NEEDS_YOU, "members"),
    "private": (says("Private video. Sign in if you've been granted access to this"), PERMANENT, "private"),
    "private playlist": (says("This playlist is private"), PERMANENT, "private"),
    "vimeo: password": (
        says("This video is protected by a password, use the --video-password option"),
        PERMANENT,
        "password",
    ),
    "vimeo: login": (login_saying("The web client only works when logged-in"), NEEDS_YOU, "sign-in"),
    "mixcloud: exclusive": (login, NEEDS_YOU, "sign-in"),
    "login that does not say so": (login_saying("This content is unreachable"), NEEDS_YOU, "sign-in"),
    "geo with countries": (geo, PERMANENT, "your country"),
    "geo": (geo_plain, PERMANENT, "your country"),
    "mixcloud: licence": (
        says("Track unavailable in your country due to licensing restrictions"),
        PERMANENT,
        "your country",
    ),
    "blocked by a label": (
        says("This contains content from SME, who has blocked it in your country on copyright grounds"),
        PERMANENT,
        "your country",
    ),
    "ip": (says("Your IP address is blocked from accessing this post"), NEEDS_YOU, "this network"),
    "soundcloud: drm": (drm, PERMANENT, "DRM"),
    "youtube: drm": (
        no_formats("Some tv client https formats have been skipped as they are DRM protected. "),
        PERMANENT,
        "DRM",
    ),
    # Something is missing here.
    "impersonation": (says(TARGET), NEEDS_YOU, "curl-cffi"),
    "no javascript": (no_formats("n challenge solving failed: Some formats may be"), NEEDS_YOU, "deno"),
    "po token": (no_formats("web client https formats require a GVS PO Token"), PERMANENT, "update it"),
    "pycryptodomex": (says("pycryptodomex not found. Please install"), NEEDS_YOU, "Install"),
    # Too early, too late.
    "premiere, when untold": (says("This live event has not started yet"), NEEDS_YOU, "not begun"),
    "vimeo: scheduled": (says("This live event is scheduled for 2027-01-01 20:00"), NEEDS_YOU, "not begun"),
    "processing": (says("This video is processing"), TEMPORARY, "preparing"),
    "twitch": (not_live, PERMANENT, "on the air"),
    "live is over": (says("This live event has ended."), PERMANENT, "on the air"),
    # Not there.
    "removed": (says("Video unavailable. This video has been removed by its"), PERMANENT, "not there"),
    "terminated": (says("No longer available: the account has been terminated"), PERMANENT, "not there"),
    "unknown list": (says("YouTube said: The playlist does not exist."), PERMANENT, "not there"),
    "mixcloud: unknown": (says("Track not found"), PERMANENT, "not there"),
    "truncated id": (says("Incomplete ID a. URL https://y.t/a looks truncated."), PERMANENT, "not there"),
    "words over a 404": (says_over("Something or other", 404), PERMANENT, "not there"),
    "bandcamp: not out yet": (nothing_but_a_title, PERMANENT, "no audio"),
    "no formats at all": (no_formats(), PERMANENT, "no audio"),
    "twitter: no video": (says("No video could be found in this tweet"), PERMANENT, "no audio"),
    "piracy": (says("This website is no longer supported since it is used"), PERMANENT, "this place"),
    "not an address": (says("'hello' is not a valid URL"), PERMANENT, "not an address"),
    # The site, the extractor.
    "server": (says("There is an error on server-side. Try again later."), TEMPORARY, "problem of its own"),
    "cut": (says("A network error has occurred."), TEMPORARY, "broke off"),
    "a page that changed": (says("Unable to extract client id", expected=False), PERMANENT, "update it"),
    "login token": (says("Unable to extract login token", expected=False), PERMANENT, "update it"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAYINGS)
def test_what_an_extractor_says_has_a_kind_and_a_sentence(name: str, failing: Failing) -> None:
    act, kind, words = SAYINGS[name]
    failure = failing.fail(act)
    told = PAUSED if failure.pauses_site else failure.kind
    assert (told, words in failure.message) == (kind, True), failure.message
    assert failure.message.endswith(".")
    assert len(failure.message) <= 200


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        (RATE, 3600),
        # In an hour more than it says: it says less than there is, and a premiere that runs is live.
        ("Premieres in 3 hours", 4 * 3600),
        ("This live event will begin in 10 minutes.", 25 * 60),
        ("This live event will begin in a few moments.", None),
        ("Premieres in 9 days", None),
    ],
)
def test_when_to_come_back_is_taken_from_the_words(
    text: str, expected_s: int | None, failing: Failing
) -> None:
    failure = failing.fail(says(text))
    assert failure.retry_after_s == expected_s
    assert failure.kind == (TEMPORARY if expected_s else NEEDS_YOU)


CRASHES: dict[str, type[BaseException]] = {
    error.__name__: error
    for error in (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError, re.error)
}


@pytest.mark.parametrize("name", CRASHES)
def test_the_crash_of_an_extractor_is_expected_trouble(name: str, failing: Failing) -> None:
    failure = failing.fail(raises(lambda: CRASHES[name]("private video, log in, DRM")))
    assert (failure.kind, failure.pauses_site) == (PERMANENT, False)
    assert "does not understand this page" in failure.message
    by, note = [event["note"] for event in failing.events]
    assert by.startswith("yt-dlp ")
    assert name in note
    assert "in act" in note, "the log shows where"
    assert "s3cret" not in note


def test_a_fault_of_ours_is_not_called_one_of_yt_dlps(
    failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(info: Any, order: Any) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(runner, "_refuse", broken)
    with pytest.raises(KeyError, match="ours"):
        failing.fetch(lambda extractor: {"id": "1", "title": "A", "url": "https://a.invalid/a.mp3"})


def test_memory_that_runs_out_is_told_by_the_child_itself(failing: Failing) -> None:
    with pytest.raises(MemoryError):
        failing.fetch(raises(MemoryError))


def test_no_file_is_too_large_when_yt_dlp_says_so_and_else_nothing() -> None:
    notes = Notes()
    notes.debug("[download] Destination: File is larger than max-filesize.mp3")
    assert "no audio" in failures.no_file(notes).message
    notes.debug("\r[download] File is larger than max-filesize (9 bytes > 1 bytes). Aborting.")
    assert "larger than the limit" in failures.no_file(notes).message


def test_every_sentence_is_short_and_says_what_to_do() -> None:
    rules = [
        *failure_rules.MESSAGES,
        *failure_rules.ANSWERS.values(),
        *failure_rules.NETWORK.values(),
        *failure_rules.FILES.values(),
        failure_rules.MEDIA_FORBIDDEN,
    ]
    for rule in rules:
        assert rule.sentence.endswith("."), rule
        assert len(rule.sentence) <= 110, rule
        assert not re.search(r"HTTP|Errno|Error\b|exception|None", rule.sentence), rule
        assert len(rule.with_cookies) <= 110, rule
        assert not rule.with_cookies or rule.with_cookies.endswith("."), rule
