"""yt-dlp's errors as kinds and sentences: one table, from the most special to the most general."""

import errno
import re
from dataclasses import dataclass

from app.errors import Failure, FailureKind

PERMANENT, TEMPORARY, NEEDS_YOU = FailureKind.PERMANENT, FailureKind.TEMPORARY, FailureKind.NEEDS_YOU


@dataclass(frozen=True)
class Rule:
    pattern: str
    kind: FailureKind
    sentence: str


# Matched against the cleaned message and the warnings before it, without case.
MESSAGES = (
    Rule(
        r"not a bot|confirm you.re not",
        TEMPORARY,
        "The site asks whether you are a robot. Wait a while, then retry.",
    ),
    Rule(
        r"rate.limited|too many requests", TEMPORARY, "The site asks for a pause. Wait a while, then retry."
    ),
    Rule(
        r"confirm your age|age.restricted",
        NEEDS_YOU,
        "The site wants to know your age, so it needs a sign-in.",
    ),
    Rule(
        r"members.only|join this channel|registered users|subscriber|premium",
        NEEDS_YOU,
        "This is for members of the site. It needs a sign-in.",
    ),
    Rule(
        r"private (video|track)|is private|video is private",
        PERMANENT,
        "This is private. Ask its owner to share it.",
    ),
    Rule(r"logged.in|log ?in |sign in|--cookies", NEEDS_YOU, "The site wants a sign-in for this."),
    Rule(r"drm", PERMANENT, "This is copy-protected (DRM) and cannot be fetched."),
    Rule(
        r"(not|n't) (made this video )?available in your (country|location)"
        r"|geo.?restrict|licensing restrictions",
        PERMANENT,
        "The site does not offer this in your country.",
    ),
    Rule(
        r"premieres in|will begin in|not currently live|scheduled",
        TEMPORARY,
        "This has not begun yet. Retry after it was shown.",
    ),
    # Before what is not there: a 503 calls itself "Service Unavailable".
    Rule(r"HTTP Error 5\d\d", TEMPORARY, "The site has a problem of its own at the moment. Retry later."),
    Rule(
        r"unsupported url",
        PERMANENT,
        "No music was found behind this link. Copy the address of the page of one track.",
    ),
    Rule(
        r"does not exist|not found|removed|unavailable|terminated|deleted|no longer|looks truncated"
        r"|HTTP Error (404|410)",
        PERMANENT,
        "This is not there any more, or the link is not complete.",
    ),
    Rule(r"redirect loop", PERMANENT, "The link leads in circles. Copy the address of the page again."),
    Rule(r"HTTP Error (401|403)", NEEDS_YOU, "The site refuses to hand this out. It may need a sign-in."),
    Rule(r"HTTP Error 429", TEMPORARY, "The site asks for a pause. Wait a while, then retry."),
    Rule(r"HTTP Error 4\d\d", PERMANENT, "The site does not accept this link."),
    Rule(
        r"CERTIFICATE_VERIFY|certificate",
        TEMPORARY,
        "The site's certificate cannot be trusted. Check this machine's clock, then retry.",
    ),
    Rule(
        r"failed to resolve|name or service not known|getaddrinfo",
        TEMPORARY,
        "The site was not found. Check the address and the network, then retry.",
    ),
    Rule(r"timed? ?out", TEMPORARY, "The site does not answer. Retry later."),
    Rule(
        r"unable to connect to proxy|proxyerror|tunnel connection failed",
        TEMPORARY,
        "The network is not reachable. Retry later.",
    ),
    Rule(
        r"did not get any data|bytes read|more expected|incomplete|connection (reset|broken|aborted)"
        r"|remote end closed",
        TEMPORARY,
        "The download broke off. Retry: it goes on where it stopped.",
    ),
    Rule(r"no space left", NEEDS_YOU, "The disk is full. Free some space, then retry."),
    Rule(
        r"file too large|errno 27|larger than max",
        PERMANENT,
        "This file is larger than the limit for downloads.",
    ),
    Rule(
        r"ffmpeg", PERMANENT, "The site sends this only in protected or live pieces, which cannot be fetched."
    ),
    Rule(
        r"no video formats|requested format is not available|no audio|no formats",
        PERMANENT,
        "The site offers no audio for this link.",
    ),
)


def too_large() -> Failure:
    return Failure(PERMANENT, "This file is larger than the limit for downloads.")


def refused() -> Failure:
    sentence = "The link leads to a private address. INLAY_ALLOW_HOSTS can name hosts that may be reached."
    return Failure(PERMANENT, sentence)


def list_only() -> Failure:
    sentence = "This link is a list. Open one track of it and paste that link; lists come later."
    return Failure(PERMANENT, sentence)


def live() -> Failure:
    return Failure(PERMANENT, "This is a live stream. Come back with the link when it has ended.")


def too_long(limit_s: int) -> Failure:
    limit = f"{limit_s // 3600}:{limit_s // 60 % 60:02}:{limit_s % 60:02}"
    return Failure(PERMANENT, f"This is longer than {limit}, the limit for downloads.")


def explain(error: BaseException, warnings: list[str]) -> Failure:
    """The kind and sentence for an error that left yt-dlp. `warnings` are those it gave before."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(NEEDS_YOU, "The disk is full. Free some space, then retry.")
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return too_large()
    text = _clean(str(error))
    if re.search("requested format is not available|no video formats", text, re.IGNORECASE):
        text = "\n".join([*warnings, text])
    for rule in MESSAGES:
        if re.search(rule.pattern, text, re.IGNORECASE):
            return Failure(rule.kind, rule.sentence)
    return Failure(PERMANENT, f"This could not be fetched: {_first_sentence(text)}")


def _clean(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\ud800-\udfff]", "", text)
    text = re.sub(r"^(ERROR: )?(\[[\w:+-]+\] )?([\w-]+: )?", "", text.strip(), count=1)
    return re.split(r"\(caused by|; please report|  Use --|\. Use --list", text)[0].strip()


def _first_sentence(text: str) -> str:
    first = text.split("\n")[0].rstrip(".")
    return (first[:200] or "no reason was given") + "."
