"""yt-dlp's errors as a kind and a sentence, and what the queue has to know for another try."""

import re

from app.errors import Failure
from app.languages.say import say
from app.sources import failure_rules as rules
from app.sources.failure_causes import Cause, dig, first_sentence
from app.sources.failure_rules import NEEDS_YOU, PERMANENT, TEMPORARY
from app.sources.notes import Answer, Notes

MAX_SAID_CHARS = 110
HOUR_S = 3600
MAX_WAIT_S = 7 * 24 * HOUR_S

BEGINS_IN = re.compile(r"\bin (a few|an?|\d{1,4}) (second|minute|hour|day)s?\b", re.IGNORECASE)
WITH_COOKIES = {
    rule.sentence: rule.with_cookies
    for rule in (*rules.ANSWERS.values(), *rules.MESSAGES)
    if rule.with_cookies
}
UNITS_S = {"second": 1, "minute": 60, "hour": HOUR_S, "day": 24 * HOUR_S}


def too_large() -> Failure:
    return rules.TOO_LARGE.failure()


def refused() -> Failure:
    sentence = say(
        "The link leads to a private address. INLAY_ALLOW_HOSTS can name hosts that may be reached."
    )
    return Failure(PERMANENT, sentence)


def list_only() -> Failure:
    sentence = say("This link is a list. Open one track of it and paste that link; lists come later.")
    return Failure(PERMANENT, sentence)


def live() -> Failure:
    return Failure(PERMANENT, "This is a live stream. Come back with the link when it has ended.")


def too_long(limit_s: int) -> Failure:
    limit = f"{limit_s // 3600}:{limit_s // 60 % 60:02}:{limit_s % 60:02}"
    return Failure(PERMANENT, f"This is longer than {limit}, the limit for downloads.")


def nothing_found() -> Failure:
    sentence = say("No music was found behind this link. Copy the address of the page of one track.")
    return Failure(PERMANENT, sentence)


def no_file(notes: Notes) -> Failure:
    """yt-dlp ended well, and there is no file."""
    return too_large() if notes.too_large else rules.NO_AUDIO.failure()


def explain(error: BaseException, notes: Notes) -> Failure:
    """The kind and sentence for an error that left yt-dlp."""
    failure = _explained(error, notes)
    return _in_spite_of_cookies(failure, notes) if notes.with_cookies else failure


def _in_spite_of_cookies(failure: Failure, notes: Notes) -> Failure:
    """What to do when the site was shown cookies and wants some all the same."""
    if not failure.wants_cookies:
        return failure
    sentence = rules.COOKIES_REJECTED if notes.cookies_rejected else WITH_COOKIES[failure.message]
    rejected = sentence == rules.COOKIES_REJECTED
    return Failure(
        NEEDS_YOU if rejected else failure.kind,
        sentence,
        retry_after_s=failure.retry_after_s,
        pauses_site=failure.pauses_site,
        wants_cookies=True,
        cookies_rejected=rejected,
    )


def _explained(error: BaseException, notes: Notes) -> Failure:
    cause = dig(error, notes)
    if cause.os_errno is not None:
        return rules.FILES.get(cause.os_errno, rules.BAD_DISK).failure()
    if cause.network:
        return rules.NETWORK[cause.network].failure() if cause.network != "refused" else refused()
    if cause.answer:
        return _answered(cause.answer, in_media=cause.in_media)
    return _told(cause) or _refused_before(cause, notes) or _said(cause) or _unknown(cause)


def _answered(answer: Answer, *, in_media: bool) -> Failure:
    status, wait_s = answer.status, answer.retry_after_s
    if answer.guard == "refused":
        return refused()
    if answer.guard:
        return rules.UNREACHABLE.failure()
    if status == 403 and wait_s is not None:
        # Who says when to come back only wants us to be slower.
        return rules.PAUSE.failure(wait_s)
    if status == 403 and in_media:
        return rules.MEDIA_FORBIDDEN.failure()
    other = rules.TROUBLED if status >= 500 else rules.NOT_ACCEPTED if status >= 400 else rules.LOOP
    return rules.ANSWERS.get(status, other).failure(wait_s)


def _told(cause: Cause) -> Failure | None:
    """By the class of the error, else by yt-dlp's words; an error that does not say why, by its warnings."""
    if cause.unsupported:
        return nothing_found()
    if cause.geo:
        return rules.GEO.failure()
    if cause.not_live:
        return rules.NOT_LIVE.failure()
    if cause.vague:
        reasons = [rule for rule in rules.MESSAGES if rule.reason]
        found = (rule for rule in reasons if any(rule.says(hint) for hint in cause.hints))
        return next((_by_words(rule, " ".join(cause.hints)) for rule in found), None)
    return None if cause.puzzled else _said(cause)


def _said(cause: Cause) -> Failure | None:
    if cause.puzzled:
        return rules.OUTDATED.failure()
    found = (rule for rule in rules.MESSAGES if rule.says(cause.text))
    return next((_by_words(rule, cause.text) for rule in found), None)


def _by_words(rule: rules.Rule, text: str) -> Failure:
    wait_s = None
    if rule is rules.PAUSE and re.search("for up to an hour", text):
        wait_s = HOUR_S
    elif rule is rules.TOO_EARLY and (wait_s := _begins_in_s(text)) is not None:
        return Failure(TEMPORARY, "This has not begun yet. It is tried again later.", retry_after_s=wait_s)
    return rule.failure(wait_s)


def _begins_in_s(text: str) -> int | None:
    """Roughly until a premiere is over: "in 3 hours" is rounded down, and a running one is a live stream.

    None when nothing is told, and when it is too long to wait for.
    """
    match = BEGINS_IN.search(text)
    if not match:
        return None
    count, unit_s = match[1].lower(), UNITS_S[match[2].lower()]
    number = int(count) if count.isdigit() else 5 if count == "a few" else 1
    wait_s = number * unit_s + max(unit_s, HOUR_S // 4)
    return wait_s if wait_s <= MAX_WAIT_S else None


def _refused_before(cause: Cause, notes: Notes) -> Failure | None:
    """The error does not say why. A refusal behind it does, or one that yt-dlp took note of and went on."""
    if cause.behind:
        return _answered(cause.behind, in_media=cause.in_media)
    if not (cause.vague or cause.bug):
        return None
    if cause.in_media and notes.answers:
        return _answered(notes.answers[-1], in_media=True)
    # Extractors ask many questions whose refusal means nothing, but not these.
    busy = [answer for answer in notes.answers if answer.status == 429 or answer.status >= 500]
    busy.sort(key=lambda answer: answer.status == 429)
    return _answered(busy[-1], in_media=False) if busy else None


def _unknown(cause: Cause) -> Failure:
    said = first_sentence(cause.said, MAX_SAID_CHARS)
    advice = say("A newer yt-dlp may help.") if cause.bug else say("Try another link.")
    if not said:
        sentence = say("This could not be fetched: no reason was given.")
    elif said.endswith("…"):
        sentence = say(f"This could not be fetched: {said}")
    else:
        sentence = say(f"This could not be fetched: {said}.")
    return Failure(PERMANENT, f"{sentence} {advice}")
